// WWW-Authenticate, parsed: RFC 9110 §11.6.1, forgiving where registries are careless.
//
// The header is a peer's text and decides where credentials go, so reading it is a pure function that a
// fuzzer can reach: no I/O, no exceptions but bad_alloc, time linear in the input.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace digester::registry::protocol {

struct Challenge {
  std::string scheme;   // in lower case: "bearer", "basic", "negotiate"
  std::string token68;  // empty unless the scheme came with one
  std::vector<std::pair<std::string, std::string>> parameters;  // keys in lower case, values unquoted

  // The first value of that key; `key` in lower case.
  std::optional<std::string_view> find(std::string_view key) const;
};

// All challenges of all header lines, in order. Nothing makes it fail: what cannot be read is skipped, and a
// parameter whose quote never ends is dropped together with the rest of its line. At most 32 challenges of
// 32 parameters out of 32 KiB are read.
std::vector<Challenge> parse_challenges(std::span<const std::string_view> lines);

// What a registry asks for.
struct Demand {
  enum class Kind { none, basic, bearer };
  Kind kind = Kind::none;
  std::string realm;    // bearer: the token service, never empty
  std::string service;  // bearer: empty when absent
  std::string scope;    // bearer: as sent, empty when absent

  friend bool operator==(const Demand&, const Demand&) = default;
};

// Bearer with a realm before Basic; schemes we do not speak (Negotiate, NTLM) are passed over.
Demand choose_demand(std::span<const Challenge> challenges);

}  // namespace digester::registry::protocol
