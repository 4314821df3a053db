#include "registry/client/breaker.hpp"

#include <algorithm>

namespace digester::registry {

Breakers::Pass::Pass(Pass&& other) noexcept
    : breakers_(std::exchange(other.breakers_, nullptr)),
      key_(std::move(other.key_)),
      probe_(other.probe_),
      since_(other.since_) {}

Breakers::Pass::~Pass() {
  if (breakers_ == nullptr || !probe_) return;
  if (auto* entry = breakers_->entries_.find(key_)) entry->probing = false;
}

void Breakers::Pass::succeeded() {
  if (auto* breakers = std::exchange(breakers_, nullptr)) breakers->succeed(key_);
}

void Breakers::Pass::failed(std::string why, const std::string& from) {
  if (auto* breakers = std::exchange(breakers_, nullptr)) breakers->fail(*this, std::move(why), from);
}

std::optional<Breakers::Pass> Breakers::enter(const std::string& key) {
  auto* entry = entries_.find(key);
  if (entry == nullptr || !is_open(*entry)) return Pass(*this, key, false, clock_.now());
  if (entry->probing || clock_.now() < entry->open_until) return std::nullopt;
  entry->probing = true;
  return Pass(*this, key, true, clock_.now());
}

Breakers::Refusal Breakers::refusal(const std::string& key) {
  Refusal refusal;
  const auto* entry = entries_.find(key);
  if (entry == nullptr || !is_open(*entry)) return refusal;
  refusal.wait = std::max<Duration>(entry->open_until - clock_.now(), Duration::zero());
  refusal.last_failure = entry->last_failure;
  return refusal;
}

void Breakers::succeed(const std::string& key) {
  Entry entry;
  entry.succeeded = clock_.now();
  entries_.put(key, std::move(entry));
}

void Breakers::fail(const Pass& pass, std::string why, const std::string& from) {
  Entry entry;
  if (const auto* known = entries_.find(pass.key_)) entry = *known;
  if (entry.succeeded > pass.since_) return;
  entry.last_failure = std::move(why);
  const bool same = !from.empty() && entry.failures > 0 && entry.last_from == from;
  entry.last_from = from;
  if (pass.probe_ || !same) ++entry.failures;
  if (pass.probe_) {
    entry.probing = false;
    entry.period = std::min(entry.period * 2, settings_.longest);
    entry.open_until = clock_.now() + entry.period;
  } else if (!same && entry.failures == settings_.failures) {
    entry.period = settings_.open;
    entry.open_until = clock_.now() + entry.period;
  }
  entries_.put(pass.key_, std::move(entry));
}

}  // namespace digester::registry
