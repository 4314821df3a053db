#include "registry/resolver_metrics.hpp"

#include <mutex>

namespace digester::registry {
namespace {

constexpr std::size_t outcome_of(const Resolution& resolution) {
  return resolution.digest ? 0 : 1 + static_cast<std::size_t>(resolution.digest.error().kind);
}

// The cache counts under its own locks; a Prometheus counter only knows how to add.
struct CacheFigures {
  struct Region {
    prometheus::Gauge& entries;
    prometheus::Gauge& bytes;
    prometheus::Counter& room;
    prometheus::Counter& share;
    prometheus::Counter& expired;

    Region(Metrics& metrics, const std::string& name)
        : entries(metrics.gauge("digester_cache_entries", "Answers held, stale ones included.",
                                {{"region", name}})),
          bytes(metrics.gauge("digester_cache_bytes", "Memory held by them.", {{"region", name}})),
          room(evictions(metrics, name, "room")),
          share(evictions(metrics, name, "share")),
          expired(evictions(metrics, name, "expired")) {}

    static prometheus::Counter& evictions(Metrics& metrics, const std::string& name, const std::string& why) {
      return metrics.counter("digester_cache_evictions_total",
                             "Answers dropped: for want of room, from a namespace over its share, too old.",
                             {{"region", name}, {"reason", why}});
    }
    void show(const CacheStats& stats) {
      entries.Set(static_cast<double>(stats.entries));
      bytes.Set(static_cast<double>(stats.bytes));
      const auto advance = [](prometheus::Counter& counter, std::uint64_t to) {
        if (const auto more = static_cast<double>(to) - counter.Value(); more > 0) counter.Increment(more);
      };
      advance(room, stats.evicted_for_room);
      advance(share, stats.evicted_for_share);
      advance(expired, stats.expired);
    }
  };

  explicit CacheFigures(Metrics& metrics) : digests(metrics, "digests"), refusals(metrics, "refusals") {}
  Region digests;
  Region refusals;
  std::mutex mutex;  // two expositions at once would add the same difference twice
};

}  // namespace

ResolverMetrics::ResolverMetrics(Metrics& metrics, const std::shared_ptr<Cache>& cache)
    : misses(metrics.counter("digester_cache_misses_total", "Look-ups that the cache could not answer.")),
      flights(metrics.counter("digester_lookup_flights_total", "Look-ups sent to a registry.")),
      joined(metrics.counter("digester_lookup_joined_total",
                             "Look-ups that joined one already on its way instead of sending their own.")),
      flights_active(metrics.gauge("digester_lookup_flights_active", "Look-ups under way at registries.")),
      hits_(metrics.counter("digester_cache_hits_total", "Look-ups answered from the cache.")) {
  for (std::size_t s = 0; s < kSources; ++s)
    for (std::size_t o = 0; o < kOutcomes; ++o) {
      const auto source = std::string(to_string(static_cast<Source>(s)));
      const auto outcome = o ? std::string(to_string(static_cast<ErrorKind>(o - 1))) : std::string("ok");
      answers_[s][o] = &metrics.counter("digester_lookups_total", "Look-ups answered, by source and outcome.",
                                        {{"source", source}, {"outcome", outcome}});
    }
  metrics.before_exposition(
      [figures = std::make_shared<CacheFigures>(metrics), held = std::weak_ptr<Cache>(cache)] {
        const auto alive = held.lock();
        if (!alive) return;
        const std::lock_guard lock(figures->mutex);
        figures->digests.show(alive->digests());
        figures->refusals.show(alive->refusals());
      });
}

void ResolverMetrics::answered(const Resolution& resolution) {
  answers_[static_cast<std::size_t>(resolution.source)][outcome_of(resolution)]->Increment();
  if (resolution.source == Source::cache) hits_.Increment();
}

void ResolverMetrics::answered_from_cache(std::span<const std::optional<Resolution>> resolutions) {
  double hits = 0;
  double digests = 0;
  for (const auto& resolution : resolutions) {
    if (!resolution) continue;
    ++hits;
    if (resolution->digest)
      ++digests;
    else
      answers_[static_cast<std::size_t>(Source::cache)][outcome_of(*resolution)]->Increment();
  }
  if (digests > 0) answers_[static_cast<std::size_t>(Source::cache)][0]->Increment(digests);
  if (hits > 0) hits_.Increment(hits);
}

}  // namespace digester::registry
