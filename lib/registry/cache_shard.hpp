// One shard of a cache region: a bounded table with eviction by use and a share for each tenant.
//
// Not safe for threads: CacheRegion holds a mutex for each shard. Entries stand densely in a deque (no
// allocation and no pointer for each), an open-addressing index of 32-bit numbers finds them. Everything
// that a call does is bounded by a few steps, except the search for a tenant's own entry.
//
// Eviction: CLOCK. What was read since the hand last passed gets a second chance, what is dead (older than
// anybody may be served) none. When the shard is full, a tenant that holds its share or more makes room out
// of its own entries; if another tenant holds more than its share, that one pays; else the hand decides.
// So a tenant may fill what nobody else needs, and loses it to whoever comes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "registry/cache_key.hpp"

namespace digester::registry {

struct CacheLimits {
  std::size_t bytes = 0;
  std::size_t entries = 0;
  double share = 1;  // of the entries, for one tenant; 1 is all of them
};

struct CacheStats {
  std::size_t entries = 0;
  std::size_t bytes = 0;
  std::uint64_t evicted_for_room = 0;
  std::uint64_t evicted_for_share = 0;
  std::uint64_t expired = 0;
};

// `Value` is cheap to copy and knows its heap_bytes().
template <typename Value>
class CacheShard {
 public:
  struct Found {
    Value value;
    SteadyTime sent;
  };

  explicit CacheShard(const CacheLimits& limits) : limits_(limits), index_(16, 0) {}

  // What was sent at or before `dead` is dropped on sight.
  std::optional<Found> find(const Key& key, SteadyTime dead) {
    const auto at = locate(key);
    if (!index_[at]) return std::nullopt;
    auto& slot = slots_[index_[at] - 1];
    if (slot.sent <= dead) {
      remove(at);
      ++stats_.expired;
      return std::nullopt;
    }
    slot.used = true;
    return Found{slot.value, slot.sent};
  }

  // False where an answer to a later request is there already, or nothing can make room.
  bool store(const Key& key, Value value, SteadyTime sent, std::uint32_t tenant, SteadyTime dead) {
    sweep(dead);
    if (const auto at = locate(key); index_[at]) {
      auto& slot = slots_[index_[at] - 1];
      if (slot.sent > sent) return false;
      heap_bytes_ = heap_bytes_ - slot.value.heap_bytes() + value.heap_bytes();
      slot.value = std::move(value);
      slot.sent = sent;
      return true;
    }
    while (!fits(value, tenant))
      if (!make_room(tenant, dead)) return false;
    if (index_is_full()) grow_index();
    heap_bytes_ += value.heap_bytes();
    slots_.push_back(Slot{key, sent, tenant, false, std::move(value)});
    index_[locate(key)] = static_cast<std::uint32_t>(slots_.size());
    auto& owner = tenants_[tenant];
    ++owner.entries;
    if (owner.entries > share() && std::find(large_.begin(), large_.end(), tenant) == large_.end())
      large_.push_back(tenant);
    return true;
  }

  // Unless it is the answer to a request sent after `sent`.
  void erase(const Key& key, SteadyTime sent) {
    const auto at = locate(key);
    if (index_[at] && slots_[index_[at] - 1].sent <= sent) remove(at);
  }

  CacheStats stats() const {
    auto stats = stats_;
    stats.entries = slots_.size();
    stats.bytes = bytes();
    return stats;
  }

 private:
  struct Slot {
    Key key;
    SteadyTime sent;
    std::uint32_t tenant;
    bool used;
    Value value;
  };
  struct Tenant {
    std::uint32_t entries = 0;
    std::uint32_t hand = 0;
  };
  static constexpr std::size_t kSlotBytes = sizeof(Slot) + 4;  // and its part of the deque's blocks
  static constexpr std::size_t kTenantBytes = 64;              // a node and its part of the buckets
  static constexpr int kSecondChances = 64;

  std::size_t bytes() const {
    return slots_.size() * kSlotBytes + index_.size() * sizeof(std::uint32_t) +
           tenants_.size() * kTenantBytes + heap_bytes_;
  }

  // Three quarters: probes stay short, and an entry's part of the index below 11 bytes.
  bool index_is_full() const { return (slots_.size() + 1) * 4 > index_.size() * 3; }

  bool fits(const Value& value, std::uint32_t tenant) const {
    const auto more = kSlotBytes + value.heap_bytes() +
                      (index_is_full() ? index_.size() * sizeof(std::uint32_t) : 0) +
                      (tenants_.contains(tenant) ? 0 : kTenantBytes);
    return slots_.size() < limits_.entries && bytes() + more <= limits_.bytes;
  }

  // In entries, of what is there: used when the shard is full.
  std::size_t share() const {
    if (limits_.share >= 1) return SIZE_MAX;
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(slots_.size()) * limits_.share));
  }

  // Where the key is in the index, or the empty place where it belongs.
  std::size_t locate(const Key& key) const {
    const auto mask = index_.size() - 1;
    auto at = key.low & mask;
    while (index_[at] && !(slots_[index_[at] - 1].key == key))
      at = (at + 1) & mask;
    return at;
  }

  void grow_index() {
    std::vector<std::uint32_t> larger(index_.size() * 2, 0);
    larger.swap(index_);
    for (std::size_t i = 0; i < slots_.size(); ++i)
      index_[locate(slots_[i].key)] = static_cast<std::uint32_t>(i + 1);
  }

  void remove(std::size_t at) {
    const std::size_t hole = index_[at] - 1;
    release(slots_[hole]);
    unlink(at);
    if (hole + 1 != slots_.size()) {
      index_[locate(slots_.back().key)] = static_cast<std::uint32_t>(hole + 1);
      slots_[hole] = std::move(slots_.back());
    }
    slots_.pop_back();
  }

  void release(const Slot& slot) {
    heap_bytes_ -= slot.value.heap_bytes();
    const auto owner = tenants_.find(slot.tenant);
    if (--owner->second.entries == 0) tenants_.erase(owner);
  }

  // Closes the gap, so that a probe still ends at the first empty place.
  void unlink(std::size_t gap) {
    const auto mask = index_.size() - 1;
    for (auto next = (gap + 1) & mask; index_[next]; next = (next + 1) & mask) {
      const auto home = slots_[index_[next] - 1].key.low & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      index_[gap] = index_[next];
      gap = next;
    }
    index_[gap] = 0;
  }

  // Two entries at each store: nothing that is dead stays long while the shard is in use.
  void sweep(SteadyTime dead) {
    for (int i = 0; i < 2 && !slots_.empty(); ++i) {
      if (sweep_hand_ >= slots_.size()) sweep_hand_ = 0;
      const auto& slot = slots_[sweep_hand_];
      if (slot.sent <= dead) {
        remove(locate(slot.key));
        ++stats_.expired;
      } else {
        ++sweep_hand_;
      }
    }
  }

  bool make_room(std::uint32_t tenant, SteadyTime dead) {
    if (slots_.empty()) return false;
    const auto payer = who_pays(tenant);
    auto& hand = payer ? tenants_[*payer].hand : hand_;
    for (int chances = kSecondChances;;) {
      if (hand >= slots_.size()) hand = 0;
      auto& slot = slots_[hand];
      const bool theirs = !payer || slot.tenant == *payer;
      if (theirs && (!slot.used || slot.sent <= dead || chances-- <= 0)) {
        auto& count = slot.sent <= dead ? stats_.expired
                      : payer           ? stats_.evicted_for_share
                                        : stats_.evicted_for_room;
        ++count;
        remove(locate(slot.key));
        return true;
      }
      if (theirs) slot.used = false;
      ++hand;
    }
  }

  std::optional<std::uint32_t> who_pays(std::uint32_t tenant) {
    const auto limit = share();
    const auto entries = [&](std::uint32_t t) -> std::size_t {
      const auto found = tenants_.find(t);
      return found == tenants_.end() ? 0 : found->second.entries;
    };
    if (entries(tenant) >= limit) return tenant;
    std::erase_if(large_, [&](std::uint32_t t) { return entries(t) <= limit; });
    if (large_.empty()) return std::nullopt;
    return large_.front();
  }

  CacheLimits limits_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> index_;  // a power of two; position in slots_ plus one, 0 is empty
  std::unordered_map<std::uint32_t, Tenant> tenants_;
  std::vector<std::uint32_t> large_;  // who went over the share; looked at again when somebody must pay
  std::size_t heap_bytes_ = 0;
  std::uint32_t hand_ = 0;
  std::size_t sweep_hand_ = 0;
  CacheStats stats_;
};

}  // namespace digester::registry
