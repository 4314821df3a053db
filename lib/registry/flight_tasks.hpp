// Detached coroutines on the registry thread: each can be cut short, has one timer, and is waited for at
// shutdown.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <unordered_set>

#include "base/units.hpp"
#include "net/task.hpp"

namespace digester::registry {

// Belongs to one thread, like everything here. Shared: the coroutine's end or the timer may come last.
class DetachedTask : public std::enable_shared_from_this<DetachedTask> {
 public:
  explicit DetachedTask(net::asio::io_context& io) : timer_(io.get_executor()) {}
  DetachedTask(const DetachedTask&) = delete;
  DetachedTask& operator=(const DetachedTask&) = delete;

  // Calls `then` after that time, unless the coroutine has ended by then. A later call replaces the earlier.
  void after(Duration wait, std::function<void()> then);
  // The coroutine's current wait ends with operation_aborted. Not to be called by the coroutine itself.
  void cancel();

 private:
  friend class DetachedTasks;
  net::Timer timer_;
  net::asio::cancellation_signal signal_;
  unsigned generation_ = 0;
  bool ended_ = false;
};

class DetachedTasks : public std::enable_shared_from_this<DetachedTasks> {
 public:
  explicit DetachedTasks(net::asio::io_context& io) : io_(io) {}

  std::shared_ptr<DetachedTask> make() const { return std::make_shared<DetachedTask>(io_); }
  // Starts it, before this returns. `ended` is called once, with what the coroutine threw or null.
  void run(std::shared_ptr<DetachedTask> task, net::Task<void> body,
           std::function<void(std::exception_ptr)> ended);
  // Cancels all of them; `all_ended` is called, once, when none is left.
  void stop(std::function<void()> all_ended);
  std::size_t size() const { return running_.size(); }

 private:
  void end(const std::shared_ptr<DetachedTask>& task);

  net::asio::io_context& io_;
  std::unordered_set<std::shared_ptr<DetachedTask>> running_;
  std::function<void()> all_ended_;
};

}  // namespace digester::registry
