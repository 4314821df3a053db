// How a coroutine of one event loop waits for work on another one, whichever of the two ends first.
//
// The caller's coroutine waits on a timer of its own thread; whoever finishes the work on the other thread
// wakes it with one post. When the caller leaves (it has its answer, the deadline, a cancelled or destroyed
// coroutine) it closes the crossing: what comes later is dropped, and nothing is posted to an event loop that
// may be gone. An event loop that is destroyed with coroutines waiting in it closes their crossings first of
// all (a service of ours in it, shut down before its scheduler is), under the mutex that is held while
// posting.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "net/task.hpp"

namespace digester::net {

class Crossing;

// The open crossings of one event loop. Its thread only; shut down by its destructor.
class OpenCrossings final : public asio::execution_context::service {
 public:
  // How Asio finds it.
  static asio::execution_context::id id;

  explicit OpenCrossings(asio::execution_context& owner) : service(owner) {}
  void add(Crossing& crossing);
  void remove(Crossing& crossing);

 private:
  void shutdown() override;

  std::vector<Crossing*> crossings_;
};

// Held by shared pointers on both sides. Made, watched and closed on the thread of `caller`.
class Crossing : public std::enable_shared_from_this<Crossing> {
 public:
  explicit Crossing(Executor caller) : caller_(caller) {}
  virtual ~Crossing() = default;
  Crossing(const Crossing&) = delete;
  Crossing& operator=(const Crossing&) = delete;

  // Cancelled when the work is done from now on. Call close() before the timer dies.
  void watch(Timer& timer);
  // Nothing is taken from now on. May be called again.
  void close();

 protected:
  // With mutex_ held, by the other side: there is nothing left to wait for.
  void wake();

  mutable std::mutex mutex_;
  bool closed_ = false;

 private:
  friend class OpenCrossings;

  const Executor caller_;
  bool watched_ = false;
  // The caller's thread only.
  Timer* timer_ = nullptr;
  OpenCrossings* home_ = nullptr;
  std::size_t place_ = 0;  // at home
};

// Closes the crossing however the coroutine ends: by returning, by an exception, or destroyed with its event
// loop.
class Watch {
 public:
  Watch(Crossing& crossing, Timer& timer) : crossing_(crossing) { crossing_.watch(timer); }
  ~Watch() { crossing_.close(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Crossing& crossing_;
};

// One piece of work with one result.
template <typename T>
class Errand final : public Crossing {
 public:
  using Crossing::Crossing;

  // The other side's thread. The first result counts.
  void finish(std::optional<T> result) {
    const std::lock_guard lock(mutex_);
    if (closed_ || done_) return;
    result_ = std::move(result);
    done_ = true;
    wake();
  }
  // The caller's thread.
  bool done() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  std::optional<T> take() {
    const std::lock_guard lock(mutex_);
    return std::move(result_);
  }

 private:
  std::optional<T> result_;
  bool done_ = false;
};

// Runs `work` on `other`, which outlives the call's caller, and waits for it until `deadline`; the work goes
// on after that. Empty: no result in time, or the work threw.
template <typename T>
Task<std::optional<T>> run_on(asio::io_context& other, std::function<Task<T>()> work, SteadyTime deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto errand = std::make_shared<Errand<T>>(executor);
  Timer timer(executor, deadline);
  const Watch watch(*errand, timer);
  // Held until the work ends: a coroutine made from a lambda lives on that lambda's captures.
  const auto held = std::make_shared<std::function<Task<T>()>>(std::move(work));
  asio::post(other, [&other, errand, held] {
    auto task = (*held)();
    asio::co_spawn(other, std::move(task), [errand, held](std::exception_ptr failure, T result) {
      if (failure)
        errand->finish(std::nullopt);
      else
        errand->finish(std::move(result));
    });
  });
  co_await timer.async_wait(use_task);
  errand->close();
  co_return errand->take();
}

}  // namespace digester::net
