#include "net/client/pool.hpp"

#include <algorithm>

namespace digester::net {

bool Pool::is_stale(const Connection& connection, SteadyTime now) const {
  return now - connection.idle_since >= options_.idle || now - connection.opened >= options_.life;
}

ConnectionPtr Pool::take(const std::string& key, SteadyTime now) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  auto& list = found->second;
  ConnectionPtr taken;
  for (auto at = list.begin(); at != list.end() && !taken;) {
    if ((*at)->rested_at > now) {
      ++at;
      continue;
    }
    taken = std::move(*at);
    at = list.erase(at);
    --size_;
    if (is_stale(*taken, now) || !taken->stream.quiet()) taken.reset();
  }
  if (list.empty()) idle_.erase(found);
  return taken;
}

void Pool::put(const std::string& key, ConnectionPtr connection, SteadyTime now, bool settle) {
  constexpr Duration kLongestRest = std::chrono::seconds(1);
  connection->idle_since = connection->rested_at = now;
  if (settle && options_.rest.count() > 0)
    connection->rested_at += std::min(std::max(options_.rest, 2 * connection->slowest), kLongestRest);
  if (options_.idle_per_key == 0 || options_.idle_in_all == 0 || is_stale(*connection, now)) return;
  auto& list = idle_[key];
  list.push_back(std::move(connection));
  ++size_;
  if (list.size() > options_.idle_per_key) {
    list.pop_front();
    --size_;
  }
  while (size_ > options_.idle_in_all) {
    const auto oldest = std::min_element(idle_.begin(), idle_.end(), [](const auto& a, const auto& b) {
      return a.second.front()->idle_since < b.second.front()->idle_since;
    });
    oldest->second.pop_front();
    --size_;
    if (oldest->second.empty()) idle_.erase(oldest);
  }
}

void Pool::drop(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return;
  size_ -= found->second.size();
  idle_.erase(found);
}

void Pool::sweep(SteadyTime now) {
  for (auto& [key, list] : idle_)
    size_ -= std::erase_if(list, [&](const auto& connection) { return is_stale(*connection, now); });
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace digester::net
