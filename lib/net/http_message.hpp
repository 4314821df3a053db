// HTTP messages as plain values, without Beast (whose headers cost 15 s a unit). RFC 9110, RFC 9112.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"

namespace digester::net {

// Header fields in order of arrival; names compare case-insensitively; values are trimmed.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value) {
    erase(name);
    add(std::string(name), std::move(value));
  }
  void erase(std::string_view name) {
    std::erase_if(fields_, [&](const auto& f) { return text::iequals(f.first, name); });
  }
  // The first value, or empty optional.
  std::optional<std::string_view> get(std::string_view name) const {
    for (const auto& f : fields_)
      if (text::iequals(f.first, name)) return f.second;
    return std::nullopt;
  }
  std::vector<std::string_view> get_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& f : fields_)
      if (text::iequals(f.first, name)) values.push_back(f.second);
    return values;
  }
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

enum class Scheme { http, https };

// An absolute http(s) URL, split. Host in lower case, an IPv6 literal without its brackets.
struct Url {
  Scheme scheme = Scheme::https;
  std::string host;
  std::uint16_t port = 443;
  std::string target = "/";  // path and query, already percent-encoded; never a fragment

  // RFC 3986; only http and https, no userinfo, no control characters, at most 8 KiB.
  static Result<Url> parse(std::string_view text);
  // RFC 3986 §5.2: a Location or realm, absolute or relative to this URL.
  Result<Url> resolve(std::string_view reference) const;

  // "host:port", brackets restored, the port left out where it is the scheme's own. For Host headers.
  std::string authority() const;
  // "https://host[:port]": scheme, host and port are what "the very same origin" means.
  std::string origin() const;
  bool same_origin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
};

}  // namespace digester::net
