// The registry protocol behind Lookup, and the one question that only the command line asks.
//
// OCI distribution-spec 1.1 and Docker's registry API v2, as the registries in use really speak it.
#pragma once

#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "net/client/http_client.hpp"
#include "registry/lookup.hpp"
#include "registry/protocol/platform.hpp"
#include "registry/settings.hpp"

namespace digester::registry {

class RegistryLookup : public Lookup {
 public:
  // The digest of the image for one platform: that of the child if the tag is an index, verified against the
  // child's own bytes; of the manifest itself if it is not. `reference` may name a digest, which the bytes
  // must then have. Errors as find(); not_found also when the index has no such platform.
  virtual net::Task<Result<image::Digest>> find_platform(image::Reference reference,
                                                         credential::Credential credential,
                                                         protocol::Platform platform, SteadyTime deadline,
                                                         std::string tenant = {}) = 0;
};

// Chance and sleep, so that tests own them.
struct LookupHooks {
  std::function<double()> random;              // [0, 1); empty: a generator of its own
  std::function<net::Task<>(Duration)> sleep;  // empty: a timer on the caller's executor
};

// One thread: that of `http`. All references outlive the object, and every coroutine it started.
std::unique_ptr<RegistryLookup> create_lookup(net::HttpClient& http, const Clock& clock,
                                              RegistrySettings settings, Metrics& metrics, const Logger& log,
                                              LookupHooks hooks = {});

}  // namespace digester::registry
