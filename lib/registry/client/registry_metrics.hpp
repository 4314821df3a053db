// The figures of everything that goes out to registries and token services.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"
#include "base/units.hpp"

namespace digester::registry {

enum class RequestPurpose { manifest, token, ping };

// One thread. A registry's name becomes a label value only if it is one of the well-known public ones, one
// that the operator named, or among the first 32 others that have answered with a manifest; all others are
// "other": images are named by anyone.
class RegistryMetrics {
 public:
  RegistryMetrics(Metrics& metrics, const std::vector<std::string>& named);

  // One HTTP exchange; status 0: no answer.
  void exchanged(const std::string& registry, RequestPurpose purpose, unsigned status, Duration took);
  // This registry has answered with a manifest's digest.
  void proven(const std::string& registry);
  // `ratelimit-remaining` as Docker Hub sends it: "76;w=21600".
  void quota_left(const std::string& registry, std::string_view remaining);

  prometheus::Counter& tokens_fetched;
  prometheus::Counter& tokens_cached;
  prometheus::Counter& tokens_failed;

 private:
  const std::string& label(const std::string& registry) const;

  Metrics& metrics_;
  prometheus::Histogram& seconds_;
  std::set<std::string> named_;
  std::size_t well_known_ = 0;
  // Resolved once: asking the registry of metrics costs more than counting.
  std::map<std::string, std::array<std::array<prometheus::Counter*, 7>, 3>> requests_;
};

}  // namespace digester::registry
