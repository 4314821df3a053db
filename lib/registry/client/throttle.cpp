#include "registry/client/throttle.hpp"

#include <algorithm>

namespace digester::registry {

std::optional<Throttle::Closed> Throttle::closed(const std::string& key) {
  const auto* entry = entries_.find(key);
  if (entry == nullptr) return std::nullopt;
  const Duration wait = entry->until - clock_.now();
  if (wait <= Duration::zero()) {
    entries_.erase(key);
    return std::nullopt;
  }
  return Closed{entry->kind, wait};
}

void Throttle::close(const std::string& key, ErrorKind kind, Duration wait) {
  wait = std::min(wait, longest_);
  const auto jitter =
      Duration(static_cast<Duration::rep>(static_cast<double>(wait.count()) * 0.1 * random_()));
  entries_.put(key, Entry{kind, clock_.now() + wait + jitter});
}

}  // namespace digester::registry
