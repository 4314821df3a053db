#include "net/crossing.hpp"

namespace digester::net {

asio::execution_context::id OpenCrossings::id;

void OpenCrossings::add(Crossing& crossing) {
  crossing.home_ = this;
  crossing.place_ = crossings_.size();
  crossings_.push_back(&crossing);
}

void OpenCrossings::remove(Crossing& crossing) {
  crossings_.back()->place_ = crossing.place_;
  crossings_[crossing.place_] = crossings_.back();
  crossings_.pop_back();
  crossing.home_ = nullptr;
}

void OpenCrossings::shutdown() {
  while (!crossings_.empty())
    crossings_.back()->close();
}

void Crossing::watch(Timer& timer) {
  timer_ = &timer;
  asio::use_service<OpenCrossings>(caller_.context()).add(*this);
  const std::lock_guard lock(mutex_);
  watched_ = true;
}

void Crossing::close() {
  timer_ = nullptr;
  if (home_) home_->remove(*this);
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Crossing::wake() {
  if (!watched_ || closed_) return;
  asio::post(caller_, [self = shared_from_this()] {
    if (self->timer_) self->timer_->cancel();
  });
}

}  // namespace digester::net
