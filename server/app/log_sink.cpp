#include "app/log_sink.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace digester::app {

LogSink::LogSink(int fd) : fd_(fd), writer_([this] { run(); }) {}

LogSink::~LogSink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
}

void LogSink::write(std::string_view line) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kLimit) {
      ++dropped_;
      return;
    }
    wake = pending_.empty();
    pending_.append(line);
  }
  if (wake) wake_.notify_one();
}

void LogSink::run() {
  std::string batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || !pending_.empty(); });
    if (pending_.empty() && dropped_ == 0) return;
    std::swap(batch, pending_);
    const auto dropped = std::exchange(dropped_, 0);
    lock.unlock();
    write_all(batch);
    if (dropped != 0)
      write_all(fmt::format(
          "{{\"level\":\"warn\",\"msg\":\"log lines dropped: standard error was not read\",\"lines\":{}}}\n",
          dropped));
    batch.clear();
    lock.lock();
    if (stopping_ && pending_.empty() && dropped_ == 0) return;
  }
}

// Whoever started us may have made the descriptor a blocking one: it is written to only when there is room,
// and no more than a pipe then takes at once. A reader that went away loses lines: never us.
void LogSink::write_all(std::string_view text) const {
  while (!text.empty()) {
    if (!wait_writable()) return;
    const auto n = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (n >= 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR && errno != EAGAIN)
      return;
  }
}

// False when it is time to give up.
bool LogSink::wait_writable() const {
  constexpr int kStep = 100;
  for (auto waited = kPatience.zero();;) {
    pollfd ready{fd_, POLLOUT, 0};
    const int n = ::poll(&ready, 1, kStep);
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
    if (!stopping_) continue;
    waited += std::chrono::milliseconds(kStep);
    if (waited >= kPatience) return false;
  }
}

}  // namespace digester::app
