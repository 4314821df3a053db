// Several tasks at once, for races: happy eyeballs, a fresh connection against a silent one.
//
// The children run detached from the caller's frame: whoever leaves the group cancels them and does not wait,
// so a child must own everything it touches (values, shared_ptr). One io_context; not thread-safe.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cstddef>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "net/condition.hpp"
#include "net/task.hpp"
#include "net/with_timeout.hpp"

namespace digester::net {

template <typename T>
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor) : executor_(executor), state_(std::make_shared<State>(executor)) {}
  ~TaskGroup() { cancel(); }
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(Task<T> task) {
    auto& signal = state_->signals.emplace_back();
    ++state_->running;
    auto finish = [state = state_](std::exception_ptr error, std::optional<T> value) {
      --state->running;
      state->finished.emplace_back(error, std::move(value));
      state->changed.notify_all();
    };
    asio::co_spawn(executor_, detail::as_optional(std::move(task)),
                   asio::bind_cancellation_slot(signal.slot(), std::move(finish)));
  }

  // Children that have not ended.
  std::size_t running() const { return state_->running; }

  // The next child's result in the order of ending; nothing at `until`, or when no child is left. Rethrows
  // what a child threw.
  Task<std::optional<T>> next(SteadyTime until) {
    auto state = state_;
    while (state->finished.empty() && state->running > 0 && SystemClock().now() < until)
      co_await state->changed.wait(until);
    if (state->finished.empty()) co_return std::nullopt;
    auto [error, value] = std::move(state->finished.front());
    state->finished.pop_front();
    if (error) std::rethrow_exception(error);
    co_return std::move(value);
  }

  void cancel() {
    for (auto& signal : state_->signals)
      signal.emit(asio::cancellation_type::terminal);
  }

 private:
  struct State {
    explicit State(Executor executor) : changed(executor) {}
    Condition changed;
    std::list<asio::cancellation_signal> signals;
    std::deque<std::pair<std::exception_ptr, std::optional<T>>> finished;
    std::size_t running = 0;
  };

  Executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace digester::net
