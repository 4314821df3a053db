// Everything about registries that an operator or a test may set.
#pragma once

#include <cstddef>

#include "base/units.hpp"
#include "registry/host_list.hpp"

namespace digester::registry {

struct BreakerSettings {
  // So many failures in a row open the circuit: connects, TLS sessions and first bytes that failed count for
  // a host, 5xx answers and first bytes that did not come for a repository. Of several of the latter in a row
  // from one repository a host is told one: others may be answered.
  unsigned failures = 6;
  // Nobody asks for this long; then one probe decides. Doubled with each failed probe up to `longest`.
  Duration open = std::chrono::seconds(5);
  Duration longest = std::chrono::minutes(1);
  // A time-out counts only if the peer had at least this long to answer: a caller in a hurry proves nothing.
  Duration least_wait = std::chrono::seconds(1);
};

struct RegistrySettings {
  // --insecure-registries: https is tried first, then plain http (on a failed TLS session or after
  // `http_fallback`), credentials included; loopback addresses are admitted, errors are told apart.
  HostList insecure;
  // --realm-allow
  RealmAllow realm_allow;
  // Hosts that a redirect may reach though their address is private.
  HostList redirect_allow;
  // A person asks about registries of their own choice: loopback registries count as insecure ones, and all
  // errors are told apart.
  bool command_line = false;

  // Of one look-up.
  unsigned attempts = 3;   // of one exchange
  unsigned requests = 11;  // in all: redirects, tokens and repetitions included
  unsigned redirects = 5;  // of one attempt

  // Exchanges under way with one host at a time; others queue, and each gets a fair part: see permits.hpp.
  std::size_t concurrency = 16;

  std::size_t manifest_limit = 4 * 1024 * 1024;
  std::size_t token_limit = 1024 * 1024;
  std::size_t error_limit = 64 * 1024;  // of an error's body that is read for its code

  // Before the second attempt; doubled for each further one up to `longest_backoff`, jittered down to half.
  Duration backoff = std::chrono::milliseconds(150);
  Duration longest_backoff = std::chrono::seconds(2);
  // A 429 without a readable Retry-After is remembered for this long, one with it at most for so long.
  Duration rate_limit_pause = std::chrono::seconds(2);
  Duration longest_retry_after = std::chrono::minutes(15);

  // How long an insecure registry may take to answer over TLS before plain http is tried beside it.
  Duration http_fallback = std::chrono::milliseconds(300);
  // Fetching a token goes on for this long, whoever still waits.
  Duration token_flight = std::chrono::seconds(10);

  BreakerSettings breaker;

  // Attackers choose the names: what is remembered per host, repository or credential is bounded.
  std::size_t remembered = 1024;
  std::size_t token_bytes = 16 * 1024 * 1024;
};

}  // namespace digester::registry
