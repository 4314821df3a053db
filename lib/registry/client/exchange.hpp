// One question over HTTP with everything that may come between: redirects, repetitions, a peer that says
// "later", a host that is down. Whose credentials go along, and what the answer means, is the caller's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/client/http_client.hpp"
#include "registry/client/breaker.hpp"
#include "registry/client/budget.hpp"
#include "registry/client/permits.hpp"
#include "registry/client/registry_metrics.hpp"
#include "registry/client/throttle.hpp"
#include "registry/settings.hpp"

namespace digester::registry {

struct Plan {
  RequestPurpose purpose = RequestPurpose::manifest;
  std::string registry;  // for the metrics
  std::string tenant;    // for whom: see Permits
  std::string path;      // of the repository that this is about
  net::Method method = net::Method::head;
  net::Url url;
  // Tried when `url` (https) gives no TLS session, or beside it when it takes too long.
  std::optional<net::Url> plain_url;
  net::AddressPolicy addresses;  // of url
  std::string accept;            // empty: no such header
  // Authorization values, each for one origin and sent to no other. That of url's own origin is not sent
  // again after a redirect has left it.
  struct Authorization {
    net::Url origin;
    std::string value;
  };
  std::vector<Authorization> authorizations;
  std::string form;  // POST
  std::size_t body_limit = 64 * 1024;
  bool follow_redirects = true;
  // May the next hop be asked, and by which address rules? Schemes are checked before.
  std::function<Result<net::AddressPolicy>(const net::Url& next)> next_hop;
  std::string fingerprint;  // whose quota this counts against
  std::string repository;   // 5xx answers and time-outs count against it; empty: against nothing
  SteadyTime deadline;
};

struct Answer {
  net::Response response;               // of the last attempt, its body readable whatever the status
  net::Url first;                       // what was asked: url, or plain_url
  net::Url last;                        // who answered
  bool crossed = false;                 // a redirect has left the first origin
  std::optional<Duration> retry_after;  // what a 429 or 503 asked for
};

// One thread; all members outlive every exchange.
class Exchanger {
 public:
  struct Tools {
    net::HttpClient& http;
    const Clock& clock;
    RegistryMetrics& metrics;
    std::function<double()> random;  // [0, 1)
    std::function<net::Task<>(Duration)> sleep;
    const Logger& log;
  };
  Exchanger(Tools tools, const RegistrySettings& settings);

  // Any final status is an Answer. Errors, as causes without image and registry:
  //   the HTTP client's own, after the last attempt
  //   rate_limited, unavailable  told to come back later, and it is not yet later (retry_after is set)
  //   unavailable                the host or repository failed too often just now; the budget is used up
  //   protocol                   a redirect that cannot or must not be followed
  net::Task<Result<Answer>> run(const Plan& plan, Budget& budget);

 private:
  struct Hop {
    net::Url first;  // where the attempt began
    net::Url url;
    net::AddressPolicy addresses;
    bool crossed = false;
    bool opening = true;  // no redirect yet
  };
  net::Task<Result<Answer>> attempt(const Plan& plan, Budget& budget);
  net::Task<Result<net::Response>> send(const Plan& plan, Hop& hop, Budget& budget,
                                        Breakers::Pass* repository);
  net::Task<Result<net::Response>> transmit(const Plan& plan, Hop& hop, Budget& budget);
  net::Request make_request(const Plan& plan, const Hop& hop) const;
  Result<Hop> next_hop(const Plan& plan, const Hop& hop, std::string_view location) const;
  void tell(const Plan& plan, const net::Url& asked, const Result<net::Response>& response,
            Duration took) const;
  void judge(Breakers::Pass& pass, Breakers::Pass* repository, const Plan& plan,
             const Result<net::Response>& response, Duration waited) const;

  std::optional<Error> told_later(const Plan& plan);
  tl::unexpected<Error> left_alone(Breakers& breakers, const std::string& key, std::string_view what) const;
  std::optional<Duration> wait_before_retry(const Plan& plan, Result<Answer>& outcome, unsigned attempt,
                                            bool last);
  std::optional<Duration> asked_wait(const net::Response& response) const;
  Duration backoff(unsigned attempt);

  Tools tools_;
  const RegistrySettings& settings_;
  Throttle throttle_;
  Breakers hosts_;
  Breakers repositories_;
  Permits permits_;
};

}  // namespace digester::registry
