// The pieces of a URL that several readers need: authority and percent-escapes. RFC 3986 §3.2, read strictly.
// (Boost.URL 1.81 takes "https://h:-1/" and reads port 99999 as 34463; what we read here is an attacker's
// text.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace digester::net {

struct Authority {
  std::optional<std::string_view> userinfo;
  std::string host;  // lower case, an IPv6 literal without its brackets; never empty
  std::optional<std::uint16_t> port;
};

// [userinfo "@"] host [":" [port]]. Hosts are IPv6 literals in brackets, without a zone, or letters, digits,
// `-`, `.`, `_` (no escapes, no other alphabets). Views point into `text`.
std::optional<Authority> parse_authority(std::string_view text);

// Decimal, 1 to 65535, nothing before or after.
std::optional<std::uint16_t> parse_port(std::string_view text);

// %XX decoded; nothing if an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace digester::net
