// The resolver's figures, by name. Labels are fixed sets: no image and no registry among them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "base/metrics.hpp"
#include "registry/cache.hpp"
#include "registry/resolver.hpp"

namespace digester::registry {

// Safe from any thread. Lives as long as the Metrics it was made from.
class ResolverMetrics {
 public:
  // The cache's figures are read at each exposition, as long as the cache lives.
  ResolverMetrics(Metrics& metrics, const std::shared_ptr<Cache>& cache);

  // One answer given to a caller.
  void answered(const Resolution& resolution);
  // Many at once, each from the cache or not there: counted in few additions.
  void answered_from_cache(std::span<const std::optional<Resolution>> resolutions);

  prometheus::Counter& misses;        // what the cache could not answer at once
  prometheus::Counter& flights;       // started
  prometheus::Counter& joined;        // waiters who found a flight to join
  prometheus::Gauge& flights_active;  // under way now

 private:
  static constexpr std::size_t kSources = 3;
  // ok, and each ErrorKind; `internal` is the last.
  static constexpr std::size_t kOutcomes = static_cast<std::size_t>(ErrorKind::internal) + 2;

  prometheus::Counter& hits_;
  std::array<std::array<prometheus::Counter*, kOutcomes>, kSources> answers_{};
};

}  // namespace digester::registry
