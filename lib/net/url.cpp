#include <fmt/format.h>

#include <algorithm>

#include "net/authority.hpp"
#include "net/http_message.hpp"

namespace digester::net {
namespace {

constexpr std::size_t kMaxUrl = 8 * 1024;

tl::unexpected<Error> unusable(std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("not a usable URL: {}", why));
}

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 3986 §3.3 and §3.4: unreserved, sub-delims, ":" "@" "/" "?", and whole escapes.
bool is_target(std::string_view text) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=:@/?%";
  const bool known = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
  });
  return known && percent_decode(text).has_value();
}

// A URI reference in its five parts (RFC 3986 §4.1), without the fragment, which is never sent.
struct Parts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

Parts split(std::string_view text) {
  Parts parts;
  text = text.substr(0, text.find('#'));
  const auto end = text.find_first_of(":/?");
  if (end != std::string_view::npos && end > 0 && text[end] == ':') {
    parts.scheme = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto size = std::min(text.find_first_of("/?"), text.size());
    parts.authority = text.substr(0, size);
    text.remove_prefix(size);
  }
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    parts.query = text.substr(question + 1);
    text = text.substr(0, question);
  }
  parts.path = text;
  return parts;
}

// RFC 3986 §5.2.4, for a path that begins with a slash: "." and ".." segments, also above the root.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  auto segments = text::split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size();
    const bool dots = segments[i] == "." || segments[i] == "..";
    if (segments[i] == ".." && !kept.empty()) kept.pop_back();
    if (!dots) kept.push_back(segments[i]);
    if (dots && last) kept.emplace_back();
  }
  std::string out;
  for (const auto segment : kept)
    out += fmt::format("/{}", segment);
  return out.empty() ? "/" : out;
}

Result<Scheme> scheme_of(std::string_view text) {
  if (text::iequals(text, "https")) return Scheme::https;
  if (text::iequals(text, "http")) return Scheme::http;
  return unusable("its scheme is neither http nor https");
}

Result<Url> assemble(Scheme scheme, std::string_view authority_text, std::string_view path,
                     std::optional<std::string_view> query) {
  const auto authority = parse_authority(authority_text);
  if (!authority) return unusable("its host or port is none");
  if (authority->userinfo) return unusable("it carries user information");
  Url url;
  url.scheme = scheme;
  url.host = authority->host;
  url.port = authority->port.value_or(scheme == Scheme::https ? 443 : 80);
  url.target = path.empty() ? "/" : path;
  if (query) url.target += fmt::format("?{}", *query);
  if (!is_target(url.target)) return unusable("it holds a character that needs escaping");
  return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return unusable("it is longer than 8 KiB");
  const Parts parts = split(text);
  if (!parts.scheme || !parts.authority) return unusable("it is not an absolute http URL");
  const auto scheme = scheme_of(*parts.scheme);
  if (!scheme) return fail(scheme.error());
  return assemble(*scheme, *parts.authority, parts.path, parts.query);
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.size() > kMaxUrl) return unusable("it is longer than 8 KiB");
  const Parts parts = split(reference);
  Result<Scheme> to = scheme;
  if (parts.scheme) to = scheme_of(*parts.scheme);
  if (!to) return fail(to.error());
  if (parts.scheme && !parts.authority) return unusable("it names no host");
  if (parts.authority) {
    const std::string path = parts.path.starts_with('/') ? without_dots(parts.path) : "/";
    return assemble(*to, *parts.authority, path, parts.query);
  }
  const std::string_view own_path = std::string_view(target).substr(0, target.find('?'));
  std::string path;
  auto query = parts.query;
  if (parts.path.empty()) {
    path = own_path;
    if (const auto question = target.find('?'); !query && question != std::string::npos)
      query = std::string_view(target).substr(question + 1);
  } else if (parts.path.starts_with('/')) {
    path = without_dots(parts.path);
  } else {
    path = without_dots(fmt::format("{}{}", own_path.substr(0, own_path.rfind('/') + 1), parts.path));
  }
  auto url = assemble(*to, authority(), path, query);
  if (url) url->port = port;
  return url;
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
