#include "registry/client/throttle.hpp"

#include <algorithm>

namespace digester::registry {
namespace {

// More say no more: some two of them will be of the same folder.
constexpr std::size_t kMostTold = 16;

// How many segments two paths begin with in common.
std::size_t common(std::string_view a, std::string_view b) {
  std::size_t segments = 0;
  for (;;) {
    const auto end_a = a.find('/');
    const auto end_b = b.find('/');
    if (a.substr(0, end_a) != b.substr(0, end_b)) return segments;
    ++segments;
    if (end_a == a.npos || end_b == b.npos) return segments;
    a.remove_prefix(end_a + 1);
    b.remove_prefix(end_b + 1);
  }
}

}  // namespace

// Those that still count; null if there are none.
std::vector<Throttle::Told>* Throttle::find(const std::string& whose) {
  auto* told = entries_.find(whose);
  if (told == nullptr) return nullptr;
  std::erase_if(*told, [now = clock_.now()](const Told& one) { return one.until <= now; });
  if (!told->empty()) return told;
  entries_.erase(whose);
  return nullptr;
}

std::optional<Throttle::Closed> Throttle::closed(const std::string& whose, std::string_view path) {
  const auto* told = find(whose);
  if (told == nullptr) return std::nullopt;
  const auto now = clock_.now();
  std::optional<Closed> longest;
  const auto hold = [&](const Told& one) {
    if (!longest || one.until - now > longest->wait) longest = Closed{one.kind, one.until - now};
  };
  for (auto one = told->begin(); one != told->end(); ++one) {
    if (one->path == path) hold(*one);
    for (auto other = told->begin(); other != one; ++other) {
      const auto folder = common(one->path, other->path);
      if (folder < std::max(one->depth, other->depth) || common(one->path, path) < folder) continue;
      hold(one->until < other->until ? *one : *other);
    }
  }
  return longest;
}

void Throttle::close(const std::string& whose, std::string_view path, ErrorKind kind, Duration wait) {
  wait = std::min(wait, longest_);
  const auto jitter =
      Duration(static_cast<Duration::rep>(static_cast<double>(wait.count()) * 0.1 * random_()));
  const auto now = clock_.now();
  auto* told = find(whose);
  if (told == nullptr) {
    entries_.put(whose, {});
    told = entries_.find(whose);
    if (told == nullptr) return;
  }
  std::erase_if(*told, [&](const Told& one) { return one.path == path; });
  if (told->size() == kMostTold)
    told->erase(std::ranges::min_element(*told, {}, [](const Told& one) { return one.until; }));
  told->push_back({std::string(path), kind, now, now + wait + jitter, 0});
}

void Throttle::answered(const std::string& whose, std::string_view path, SteadyTime sent) {
  if (entries_.size() == 0) return;
  auto* told = find(whose);
  if (told == nullptr) return;
  std::erase_if(*told, [&](const Told& one) { return one.path == path && one.at <= sent; });
  for (auto& one : *told)
    if (one.at <= sent) one.depth = std::max(one.depth, common(one.path, path) + 1);
}

}  // namespace digester::registry
