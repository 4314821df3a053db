#include "registry/flight_batch.hpp"

namespace digester::registry {

Batch::Batch(net::Executor caller, const Clock& clock, std::vector<Query> queries)
    : Crossing(caller),
      clock_(clock),
      queries_(std::move(queries)),
      arrived_(clock.now()),
      answers_(queries_.size()),
      askers_(queries_.size()),
      missing_(queries_.size()) {}

bool Batch::is_open(std::size_t slot) const {
  const std::lock_guard lock(mutex_);
  return !closed_ && !answers_[slot];
}

void Batch::fill(std::size_t slot, Result<image::Digest> digest, Source source, Duration age,
                 std::optional<Error> because) {
  Resolution resolution{std::move(digest), source, age, clock_.now() - arrived_, std::move(because)};
  const std::lock_guard lock(mutex_);
  if (closed_ || answers_[slot]) return;
  answers_[slot].emplace(std::move(resolution));
  if (--missing_ == 0) wake();
}

void Batch::hold(std::size_t slot, std::shared_ptr<const Asker> asker) {
  const std::lock_guard lock(mutex_);
  askers_[slot] = std::move(asker);
}

std::shared_ptr<const Asker> Batch::asker(std::size_t slot) const {
  const std::lock_guard lock(mutex_);
  return askers_[slot];
}

bool Batch::complete() const {
  const std::lock_guard lock(mutex_);
  return missing_ == 0;
}

std::vector<std::optional<Resolution>> Batch::take() {
  const std::lock_guard lock(mutex_);
  return std::move(answers_);
}

}  // namespace digester::registry
