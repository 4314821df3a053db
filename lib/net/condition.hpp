// A condition variable for coroutines of one io_context: the one way here to wait for something that another
// coroutine does, with a limit. Not thread-safe; the waiter keeps the condition alive.
#pragma once

#include <algorithm>
#include <vector>

#include "base/clock.hpp"
#include "net/task.hpp"

namespace digester::net {

class Condition {
 public:
  explicit Condition(Executor executor) : executor_(executor) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // Wakes everybody who waits now.
  void notify_all() {
    for (Timer* waiter : waiters_)
      waiter->cancel();
  }

  // Returns when notified, at `until`, or when cancelled. Callers loop and look at the state again: the three
  // are not told apart, and another coroutine may have run in between.
  Task<> wait(SteadyTime until) {
    Timer timer(executor_, until);
    const Registration registration(waiters_, timer);
    co_await timer.async_wait(use_task);
  }

 private:
  struct Registration {
    Registration(std::vector<Timer*>& to, Timer& timer) : list(to), entry(&timer) { list.push_back(entry); }
    ~Registration() { list.erase(std::find(list.begin(), list.end(), entry)); }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    std::vector<Timer*>& list;
    Timer* entry;
  };

  Executor executor_;
  std::vector<Timer*> waiters_;
};

}  // namespace digester::net
