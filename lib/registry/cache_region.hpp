// A bounded table that many threads read at once: shards, each under a mutex of its own.
//
// A mutex is held for a look-up or a store in memory, never across a wait. The limits are dealt out evenly
// to the shards, and so are the keys, by a keyed hash; a region therefore begins to evict a little before
// the sum is reached.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "registry/cache_shard.hpp"

namespace digester::registry {

template <typename Value>
class CacheRegion {
 public:
  using Found = typename CacheShard<Value>::Found;

  explicit CacheRegion(const CacheLimits& limits) {
    const auto count = shard_count(limits);
    const CacheLimits part{limits.bytes / count, limits.entries / count, limits.share};
    for (std::size_t i = 0; i < count; ++i)
      shards_.push_back(std::make_unique<Guarded>(part));
  }

  std::optional<Found> find(const Key& key, SteadyTime dead) {
    auto& guarded = at(key);
    const std::lock_guard lock(guarded.mutex);
    return guarded.shard.find(key, dead);
  }
  bool store(const Key& key, Value value, SteadyTime sent, std::uint32_t tenant, SteadyTime dead) {
    auto& guarded = at(key);
    const std::lock_guard lock(guarded.mutex);
    return guarded.shard.store(key, std::move(value), sent, tenant, dead);
  }
  void erase(const Key& key, SteadyTime sent) {
    auto& guarded = at(key);
    const std::lock_guard lock(guarded.mutex);
    guarded.shard.erase(key, sent);
  }

  CacheStats stats() const {
    CacheStats sum;
    for (const auto& guarded : shards_) {
      const std::lock_guard lock(guarded->mutex);
      const auto part = guarded->shard.stats();
      sum.entries += part.entries;
      sum.bytes += part.bytes + sizeof(Guarded);
      sum.evicted_for_room += part.evicted_for_room;
      sum.evicted_for_share += part.evicted_for_share;
      sum.expired += part.expired;
    }
    return sum;
  }

 private:
  // Aligned, so that two threads in two shards do not share a cache line.
  struct alignas(64) Guarded {
    explicit Guarded(const CacheLimits& limits) : shard(limits) {}
    mutable std::mutex mutex;
    CacheShard<Value> shard;
  };

  // A power of two; a small region has few, so that chance does not fill one long before the others.
  static std::size_t shard_count(const CacheLimits& limits) {
    std::size_t count = 1;
    while (count < 64 && limits.entries / (count * 2) >= 1024 && limits.bytes / (count * 2) >= 128 * 1024)
      count *= 2;
    return count;
  }

  // The low half of a key finds its place in the shard, the high half the shard.
  Guarded& at(const Key& key) { return *shards_[key.high & (shards_.size() - 1)]; }

  std::vector<std::unique_ptr<Guarded>> shards_;
};

}  // namespace digester::registry
