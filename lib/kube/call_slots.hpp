// So many calls at a time, and the others one after the other as they came. One thread.
//
//   CallSlots::Turn turn(slots);
//   co_await turn.wait(executor, until);
//   if (!turn.granted()) …   // `until` passed first
//
// A turn that is destroyed, granted or still waiting, makes room for the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "net/task.hpp"

namespace digester::kube {

class CallSlots {
 public:
  explicit CallSlots(std::size_t count) : free_(count) {}
  CallSlots(const CallSlots&) = delete;
  CallSlots& operator=(const CallSlots&) = delete;

  class Turn {
   public:
    explicit Turn(std::shared_ptr<CallSlots> slots) : slots_(std::move(slots)) {
      if (slots_->free_ > 0) {
        --slots_->free_;
        granted_ = true;
      } else {
        slots_->waiting_.push_back(this);
      }
    }
    ~Turn() {
      if (granted_)
        slots_->pass_on();
      else
        std::erase(slots_->waiting_, this);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    bool granted() const { return granted_; }

    // Until it is granted, `until` passes or this is cancelled.
    net::Task<> wait(net::Executor executor, SteadyTime until) {
      if (granted_) co_return;
      timer_.emplace(executor, until);
      co_await timer_->async_wait(net::use_task);
    }

   private:
    friend class CallSlots;
    const std::shared_ptr<CallSlots> slots_;
    std::optional<net::Timer> timer_;
    bool granted_ = false;
  };

 private:
  void pass_on() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    auto* const next = waiting_.front();
    waiting_.pop_front();
    next->granted_ = true;
    if (next->timer_) next->timer_->cancel();
  }

  std::size_t free_;
  std::deque<Turn*> waiting_;
};

}  // namespace digester::kube
