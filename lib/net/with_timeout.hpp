// A time limit for any task. Boost 1.81 has no cancel_after.
//
//   auto done = co_await with_timeout(deadline, stream.handshake(name));
//   if (!done) …  // the limit passed, and the handshake has ended
//
// The task always ends before with_timeout returns, so it may refer to its caller's frame. A cancellation
// from outside is handed on to the task, whose own answer then comes back; the caller's next co_await throws
// operation_aborted, as everywhere in asio. So "nothing" means the limit and nothing else (COMMON_ERRORS 12).
//
// Which of limit and task wins is decided once: if the timer's handler runs first, the answer of the task is
// dropped even if it was good; if the task ends first, a timer handler that was already queued finds `done`
// and does nothing (COMMON_ERRORS 11).
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "net/task.hpp"

namespace digester::net {
namespace detail {

struct TimeoutState {
  explicit TimeoutState(Executor executor) : timer(executor) {}
  Timer timer;
  asio::cancellation_signal cancel;
  bool done = false;
  bool expired = false;
};

// co_spawn wants a default-constructible result.
template <typename T>
Task<std::optional<T>> as_optional(Task<T> task) {
  co_return co_await std::move(task);
}

struct StartWithTimeout {
  Executor executor;
  SteadyTime deadline;

  template <typename Handler, typename T>
  void operator()(Handler handler, Task<std::optional<T>> task) {
    auto state = std::make_shared<TimeoutState>(executor);
    if (auto outer = asio::get_associated_cancellation_slot(handler); outer.is_connected())
      outer.assign([state](asio::cancellation_type_t type) { state->cancel.emit(type); });
    state->timer.expires_at(deadline);
    state->timer.async_wait([state](boost::system::error_code ec) {
      if (ec || state->done) return;
      state->expired = true;
      state->cancel.emit(asio::cancellation_type::terminal);
    });
    // The task's handler owns the caller's, so that frames are destroyed from the inside out at shutdown.
    auto finish = [state, handler = std::move(handler)](std::exception_ptr error,
                                                        std::optional<T> value) mutable {
      state->done = true;
      state->timer.cancel();
      if (auto outer = asio::get_associated_cancellation_slot(handler); outer.is_connected()) outer.clear();
      if (state->expired) {
        // What a cancelled task throws says only that it was cancelled.
        value.reset();
        error = nullptr;
      }
      std::move(handler)(error, std::move(value));
    };
    asio::co_spawn(executor, std::move(task),
                   asio::bind_cancellation_slot(state->cancel.slot(), std::move(finish)));
  }
};

}  // namespace detail

// The task's result, or nothing if `deadline` passed first.
template <typename T>
Task<std::optional<T>> with_timeout(SteadyTime deadline, Task<T> task) {
  const auto executor = co_await asio::this_coro::executor;
  detail::StartWithTimeout start{executor, deadline};
  asio::use_awaitable_t<Executor> token;
  auto wrapped = detail::as_optional(std::move(task));
  auto result =
      asio::async_initiate<asio::use_awaitable_t<Executor>, void(std::exception_ptr, std::optional<T>)>(
          start, token, std::move(wrapped));
  co_return co_await std::move(result);
}

}  // namespace digester::net
