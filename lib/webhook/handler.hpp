// An HTTP request to an AdmissionReview's answer: parse, plan, look up, decide, render, and say what
// happened.
//
// What the cache knows is answered at once on the connection's thread; only what it lacks makes a coroutine.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "admission/policy.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/units.hpp"
#include "net/server/handler.hpp"
#include "registry/resolver.hpp"
#include "webhook/namespaces.hpp"

namespace digester::webhook {

struct HandlerOptions {
  std::string path = "/v1/mutate";
  // The longest time for one review, whatever the API server allows.
  Duration admission_budget = std::chrono::seconds(5);
  // Memory for the trees of reviews that wait for a registry. Over it, a review that would have to wait is
  // answered with 429 and Retry-After, which the API server retries; one alone is always let in.
  std::size_t waiting_bytes = 128 << 20;
  // Ask on behalf of the object's own pull secrets and ServiceAccount, not of its namespace alone.
  bool pull_secrets = false;
};

// Safe to call from many threads at a time; everything passed in outlives it. Without `namespaces` every
// namespace is served.
//
// HTTP errors, one line of text each: 404 another path, 405 not POST, 415 not JSON, 400 not an
// AdmissionReview that can be answered. Everything else is 200 with an AdmissionReview.
class Handler final : public net::Handler {
 public:
  Handler(HandlerOptions options, admission::Policy policy, registry::Resolver& resolver, const Clock& clock,
          const Logger& log, Metrics& metrics, Namespaces* namespaces = nullptr);
  ~Handler() override;

  bool try_handle(net::ServerRequest& request, net::ServerResponse& response) override;
  net::Task<> handle(net::ServerRequest& request, net::ServerResponse& response) override;

 private:
  struct Work;
  class Observer;
  using WorkPtr = std::shared_ptr<Work>;

  // False after an HTTP error was put into `response`.
  bool accept(const net::ServerRequest& request, net::ServerResponse& response) const;
  bool parse(Work& work, net::ServerRequest& request, net::ServerResponse& response) const;
  bool must_confirm(Work& work) const;
  void plan(Work& work) const;
  void peek(Work& work) const;
  bool may_wait(Work& work, std::size_t body_bytes, net::ServerResponse& response);
  void answer(Work& work, net::ServerRequest& request, net::ServerResponse& response) const;

  const HandlerOptions options_;
  const admission::Policy policy_;
  registry::Resolver* resolver_;
  Namespaces* namespaces_;
  const Clock* clock_;
  std::unique_ptr<Observer> observer_;
  std::atomic<std::size_t> waiting_{0};  // bytes
};

}  // namespace digester::webhook
