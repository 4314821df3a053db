#include "app/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace digester::app {

Result<std::optional<Endpoint>> parse_endpoint(std::string_view flag, std::string_view text) {
  if (text.empty() || text == "0") return std::nullopt;
  const auto bad = [&](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("{} \"{}\": {} (write HOST:PORT, :PORT or 0)", flag,
                                                text::printable(text, 100), why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("the port is missing");
  const auto digits = text.substr(colon + 1);
  Endpoint endpoint;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return bad("the port is not a number up to 65535");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return bad("an IPv6 address goes in brackets");
  endpoint.address = host == "localhost" ? "127.0.0.1" : std::string(host);
  return endpoint;
}

}  // namespace digester::app
