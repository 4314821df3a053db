#include "registry/client/registry_metrics.hpp"

#include <charconv>
#include <string_view>

namespace digester::registry {
namespace {

constexpr std::size_t kMaxOthers = 32;
constexpr std::array<std::string_view, 7> kStatus = {"error", "2xx", "3xx", "4xx", "5xx", "401", "429"};
constexpr std::array<std::string_view, 3> kPurpose = {"manifest", "token", "ping"};

std::size_t class_of(unsigned status) {
  if (status == 401) return 5;
  if (status == 429) return 6;
  return status >= 200 && status < 600 ? status / 100 - 1 : 0;
}

}  // namespace

RegistryMetrics::RegistryMetrics(Metrics& metrics, const std::vector<std::string>& named)
    : tokens_fetched(metrics.counter("digester_registry_tokens_total",
                                     "Bearer tokens by where they came from", {{"source", "fetched"}})),
      tokens_cached(metrics.counter("digester_registry_tokens_total", "Bearer tokens by where they came from",
                                    {{"source", "cache"}})),
      tokens_failed(metrics.counter("digester_registry_tokens_total", "Bearer tokens by where they came from",
                                    {{"source", "failed"}})),
      metrics_(metrics),
      seconds_(metrics.histogram("digester_registry_request_duration_seconds",
                                 "Time of one HTTP exchange with a registry or token service",
                                 {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})),
      named_{"docker.io",           "gcr.io",          "ghcr.io", "mcr.microsoft.com", "public.ecr.aws",
             "registry.gitlab.com", "registry.k8s.io", "quay.io"} {
  named_.insert(named.begin(), named.end());
  well_known_ = named_.size();
}

const std::string& RegistryMetrics::label(const std::string& registry) const {
  static const std::string kOther = "other";
  return named_.contains(registry) ? registry : kOther;
}

void RegistryMetrics::exchanged(const std::string& registry, RequestPurpose purpose, unsigned status,
                                Duration took) {
  const auto& name = label(registry);
  const auto row = static_cast<std::size_t>(purpose);
  const auto column = class_of(status);
  auto& counter = requests_[name][row][column];
  if (counter == nullptr)
    counter =
        &metrics_.counter("digester_registry_requests_total",
                          "HTTP exchanges with registries and their token services, by registry and status",
                          {{"registry", name},
                           {"purpose", std::string(kPurpose[row])},
                           {"status", std::string(kStatus[column])}});
  counter->Increment();
  seconds_.Observe(std::chrono::duration<double>(took).count());
}

void RegistryMetrics::proven(const std::string& registry) {
  if (named_.size() < well_known_ + kMaxOthers) named_.insert(registry);
}

void RegistryMetrics::quota_left(const std::string& registry, std::string_view remaining) {
  double left = 0;
  const auto [end, error] = std::from_chars(remaining.data(), remaining.data() + remaining.size(), left);
  if (error != std::errc{} || !named_.contains(registry)) return;
  metrics_
      .gauge("digester_registry_ratelimit_remaining",
             "Requests that the registry still grants, as it last said", {{"registry", registry}})
      .Set(left);
}

}  // namespace digester::registry
