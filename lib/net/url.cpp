#include <fmt/format.h>
#include <boost/url.hpp>

#include "net/http_message.hpp"

namespace digester::net {
namespace {

constexpr std::size_t kMaxUrl = 8 * 1024;

Result<Url> from_view(const boost::urls::url_view_base& view) {
  const auto bad = [](std::string why) { return fail(ErrorKind::invalid, "not a usable URL: " + why); };
  Url url;
  if (text::iequals(view.scheme(), "https"))
    url.scheme = Scheme::https;
  else if (text::iequals(view.scheme(), "http"))
    url.scheme = Scheme::http;
  else
    return bad("its scheme is neither http nor https");
  if (!view.has_authority() || view.encoded_host().empty()) return bad("it names no host");
  if (view.has_userinfo()) return bad("it carries user information");
  // host_address() decodes percent-escapes: what is left must be a plain host.
  url.host = text::to_lower(view.host_address());
  for (const char c : url.host)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '/' ||
        c == '@' || c == '?' || c == '#' || c == '\\' || c == '%')
      return bad("its host holds a character that hosts cannot have");
  url.port = url.scheme == Scheme::https ? 443 : 80;
  if (view.has_port() && !view.port().empty()) {
    if (view.port_number() == 0) return bad("its port is not between 1 and 65535");
    url.port = view.port_number();
  }
  url.target = view.encoded_path().empty() ? "/" : std::string(view.encoded_path());
  if (view.has_query()) url.target += "?" + std::string(view.encoded_query());
  return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return fail(ErrorKind::invalid, "not a usable URL: it is longer than 8 KiB");
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
  if (!parsed) return fail(ErrorKind::invalid, "not a usable URL: it is not an absolute URI");
  return from_view(*parsed);
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.size() > kMaxUrl)
    return fail(ErrorKind::invalid, "not a usable URL: it is longer than 8 KiB");
  const auto parsed =
      boost::urls::parse_uri_reference(boost::core::string_view(reference.data(), reference.size()));
  if (!parsed) return fail(ErrorKind::invalid, "not a usable URL: it is not a URI reference");
  const std::string base_text = origin() + target;
  const auto base = boost::urls::parse_uri(base_text);
  if (!base) return fail(ErrorKind::internal, "not a usable base URL");
  boost::urls::url out;
  if (const auto done = boost::urls::resolve(*base, *parsed, out); !done)
    return fail(ErrorKind::invalid, "not a usable URL: it does not resolve");
  return from_view(out);
}

std::string Url::authority() const {
  const std::string name = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  const bool standard = port == (scheme == Scheme::https ? 443 : 80);
  return standard ? name : fmt::format("{}:{}", name, port);
}

std::string Url::origin() const {
  return (scheme == Scheme::https ? "https://" : "http://") + authority();
}

}  // namespace digester::net
