// The plain listeners: health for the kubelet, metrics for Prometheus.
#pragma once

#include <atomic>

#include "base/metrics.hpp"
#include "net/server/handler.hpp"

namespace digester::app {

// GET or HEAD /healthz: the process answers. /readyz: 200 while it takes reviews, 503 before and from SIGTERM
// on.
class HealthHandler final : public net::Handler {
 public:
  void set_ready(bool ready) { ready_ = ready; }  // any thread
  void drain() { draining_ = true; }              // any thread; not ready from now on, whatever is set
  bool try_handle(net::ServerRequest& request, net::ServerResponse& response) override;
  net::Task<> handle(net::ServerRequest& request, net::ServerResponse& response) override;

 private:
  std::atomic<bool> ready_ = false;
  std::atomic<bool> draining_ = false;
};

// GET /metrics in Prometheus' text format.
class MetricsHandler final : public net::Handler {
 public:
  explicit MetricsHandler(const Metrics& metrics) : metrics_(&metrics) {}
  bool try_handle(net::ServerRequest& request, net::ServerResponse& response) override;
  net::Task<> handle(net::ServerRequest& request, net::ServerResponse& response) override;

 private:
  const Metrics* metrics_;
};

}  // namespace digester::app
