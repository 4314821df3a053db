#include "app/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "registry/host_list.hpp"

namespace digester::app {
namespace {

std::optional<std::string> listen_address(std::string_view host) {
  if (host == "localhost") return "127.0.0.1";
  if (host.empty() || registry::parse_address(host)) return std::string(host);
  return std::nullopt;
}

}  // namespace

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
  const auto address = listen_address(host);
  if (!address) return bad("the host is neither an IP address nor localhost");
  endpoint.address = *address;
  return endpoint;
}

Result<std::string> parse_listen_address(std::string_view flag, std::string_view text) {
  if (auto address = listen_address(text)) return std::move(*address);
  return fail(ErrorKind::invalid, fmt::format("{} \"{}\": neither an IP address nor localhost", flag,
                                              text::printable(text, 100)));
}

}  // namespace digester::app
