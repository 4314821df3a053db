// A map from text that forgets what was not used for longest: its keys are chosen by strangers.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace digester::registry {

// Entries weigh 1 unless told otherwise; together they never weigh more than the limit. One thread.
template <typename T>
class BoundedMap {
 public:
  explicit BoundedMap(std::size_t limit) : limit_(limit) {}

  // Counts as use. Null if there is none; valid until the next put() or erase().
  T* find(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  // An entry heavier than the whole limit is not kept.
  void put(const std::string& key, T value, std::size_t weight = 1) {
    erase(key);
    if (weight > limit_) return;
    while (weight_ + weight > limit_)
      drop(std::prev(entries_.end()));
    entries_.push_front(Entry{key, std::move(value), weight});
    index_.emplace(entries_.front().key, entries_.begin());
    weight_ += weight;
  }

  void erase(const std::string& key) {
    if (const auto found = index_.find(key); found != index_.end()) drop(found->second);
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t weight() const { return weight_; }

 private:
  struct Entry {
    std::string key;
    T value;
    std::size_t weight;
  };
  using Position = typename std::list<Entry>::iterator;

  void drop(Position position) {
    weight_ -= position->weight;
    index_.erase(position->key);
    entries_.erase(position);
  }

  std::size_t limit_;
  std::size_t weight_ = 0;
  std::list<Entry> entries_;                              // most recently used first
  std::unordered_map<std::string_view, Position> index_;  // keys live in entries_
};

}  // namespace digester::registry
