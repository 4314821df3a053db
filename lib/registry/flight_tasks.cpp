#include "registry/flight_tasks.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <utility>
#include <vector>

namespace digester::registry {

void DetachedTask::after(Duration wait, std::function<void()> then) {
  timer_.expires_after(wait);
  timer_.async_wait([self = shared_from_this(), generation = ++generation_,
                     then = std::move(then)](boost::system::error_code error) {
    if (!error && !self->ended_ && generation == self->generation_) then();
  });
}

void DetachedTask::cancel() {
  if (!ended_) signal_.emit(net::asio::cancellation_type::terminal);
}

void DetachedTasks::run(std::shared_ptr<DetachedTask> task, net::Task<void> body,
                        std::function<void(std::exception_ptr)> ended) {
  running_.insert(task);
  auto end = [self = shared_from_this(), task, ended = std::move(ended)](std::exception_ptr error) {
    ended(error);
    self->end(task);
  };
  net::asio::co_spawn(io_, std::move(body),
                      net::asio::bind_cancellation_slot(task->signal_.slot(), std::move(end)));
}

void DetachedTasks::end(const std::shared_ptr<DetachedTask>& task) {
  task->ended_ = true;
  task->timer_.cancel();
  running_.erase(task);
  if (running_.empty() && all_ended_) std::exchange(all_ended_, nullptr)();
}

void DetachedTasks::stop(std::function<void()> all_ended) {
  if (running_.empty()) {
    if (all_ended) all_ended();
    return;
  }
  all_ended_ = std::move(all_ended);
  // A coroutine may end, and leave the set, while it is being cancelled.
  const std::vector<std::shared_ptr<DetachedTask>> tasks(running_.begin(), running_.end());
  for (const auto& task : tasks)
    task->cancel();
}

}  // namespace digester::registry
