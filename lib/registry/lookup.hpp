// One question to one registry: which digest does this tag have, as this credential sees it?
//
// Behind it: scheme, challenge, tokens, HEAD and GET, redirects, retries, the budget of requests, remembered
// Retry-After, the circuit breaker and the limit on concurrent exchanges. No cache of digests and no
// single-flight: those are the resolver's.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "credential/credential.hpp"
#include "image/digest.hpp"
#include "image/reference.hpp"
#include "net/task.hpp"

namespace digester::registry {

class Lookup {
 public:
  virtual ~Lookup() = default;

  // Runs on the registry thread. A reference with a digest asks whether that is there, and its tag does not
  // count. Errors:
  //   not_found, unauthorized, forbidden  as this credential sees it: the caller goes on to the next one
  //   rate_limited (retry_after set), unavailable, unreachable, timed_out  transient
  //   unsupported, protocol, too_large, invalid
  // Messages name image, registry, cause and cure in one line, and no peer's text.
  // `tenant` is on whose behalf: each gets a fair part of the exchanges with a registry.
  virtual net::Task<Result<image::Digest>> find(image::Reference reference, credential::Credential credential,
                                                SteadyTime deadline, std::string tenant = {}) = 0;
};

}  // namespace digester::registry
