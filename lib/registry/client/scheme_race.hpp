// An insecure registry, asked over TLS and, if that fails or takes too long, over plain http as well.
#pragma once

#include <functional>

#include "base/units.hpp"
#include "net/client/http_client.hpp"
#include "registry/client/budget.hpp"

namespace digester::registry {

struct RaceOutcome {
  Result<net::Response> response;
  bool plain = false;  // the answer came over plain http
};

// Called for each of the two requests when it has ended, or was given up since the other was answered.
using Told = std::function<void(bool plain, const Result<net::Response>&)>;

// Plain http is asked when TLS failed or `head_start` has passed, and wins only with an answer that a TLS
// port would not give to plain http. If neither answers, the error names both. The second request is
// taken from the budget. `http` outlives both requests.
net::Task<RaceOutcome> race_schemes(net::HttpClient& http, net::Request tls, net::Request plain,
                                    Duration head_start, Budget& budget, Told told = {});

}  // namespace digester::registry
