#include "registry/flight_batch.hpp"

#include <boost/asio/post.hpp>

namespace digester::registry {

net::asio::execution_context::id OpenBatches::id;

void OpenBatches::add(Batch& batch) {
  batch.home_ = this;
  batch.place_ = batches_.size();
  batches_.push_back(&batch);
}

void OpenBatches::remove(Batch& batch) {
  batches_.back()->place_ = batch.place_;
  batches_[batch.place_] = batches_.back();
  batches_.pop_back();
  batch.home_ = nullptr;
}

void OpenBatches::shutdown() {
  while (!batches_.empty())
    batches_.back()->close();
}

Batch::Batch(net::Executor caller, const Clock& clock, std::vector<Query> queries)
    : caller_(caller),
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

void Batch::fill(std::size_t slot, Result<image::Digest> digest, Source source, Duration age) {
  Resolution resolution{std::move(digest), source, age, clock_.now() - arrived_};
  const std::lock_guard lock(mutex_);
  if (closed_ || answers_[slot]) return;
  answers_[slot].emplace(std::move(resolution));
  if (--missing_ == 0 && watched_) wake();
}

void Batch::wake() {
  net::asio::post(caller_, [self = shared_from_this()] {
    if (self->timer_) self->timer_->cancel();
  });
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

void Batch::watch(net::Timer& timer) {
  timer_ = &timer;
  net::asio::use_service<OpenBatches>(caller_.context()).add(*this);
  const std::lock_guard lock(mutex_);
  watched_ = true;
}

void Batch::close() {
  timer_ = nullptr;
  if (home_) home_->remove(*this);
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::vector<std::optional<Resolution>> Batch::take() {
  const std::lock_guard lock(mutex_);
  return std::move(answers_);
}

}  // namespace digester::registry
