#include "registry/client/breaker.hpp"

#include <algorithm>

namespace digester::registry {

Breakers::Pass::Pass(Pass&& other) noexcept
    : breakers_(std::exchange(other.breakers_, nullptr)), key_(std::move(other.key_)), probe_(other.probe_) {}

Breakers::Pass::~Pass() {
  if (breakers_ == nullptr || !probe_) return;
  if (auto* entry = breakers_->entries_.find(key_)) entry->probing = false;
}

void Breakers::Pass::succeeded() {
  if (auto* breakers = std::exchange(breakers_, nullptr)) breakers->entries_.erase(key_);
}

void Breakers::Pass::failed(std::string why) {
  if (auto* breakers = std::exchange(breakers_, nullptr)) breakers->fail(key_, probe_, std::move(why));
}

std::optional<Breakers::Pass> Breakers::enter(const std::string& key) {
  auto* entry = entries_.find(key);
  if (entry == nullptr || !is_open(*entry)) return Pass(*this, key, false);
  if (entry->probing || clock_.now() < entry->open_until) return std::nullopt;
  entry->probing = true;
  return Pass(*this, key, true);
}

Breakers::Refusal Breakers::refusal(const std::string& key) {
  Refusal refusal;
  const auto* entry = entries_.find(key);
  if (entry == nullptr || !is_open(*entry)) return refusal;
  refusal.wait = std::max<Duration>(entry->open_until - clock_.now(), Duration::zero());
  refusal.last_failure = entry->last_failure;
  return refusal;
}

void Breakers::fail(const std::string& key, bool probe, std::string why) {
  Entry entry;
  if (const auto* known = entries_.find(key)) entry = *known;
  ++entry.failures;
  entry.last_failure = std::move(why);
  if (probe) {
    entry.probing = false;
    entry.period = std::min(entry.period * 2, settings_.longest);
    entry.open_until = clock_.now() + entry.period;
  } else if (entry.failures == settings_.failures) {
    entry.period = settings_.open;
    entry.open_until = clock_.now() + entry.period;
  }
  entries_.put(key, std::move(entry));
}

}  // namespace digester::registry
