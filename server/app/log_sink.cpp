#include "app/log_sink.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
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

// A reader that went away, or that does not read for ten seconds while we stop, loses lines: never us.
void LogSink::write_all(std::string_view text) const {
  while (!text.empty()) {
    const auto n = ::write(fd_, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, 10'000) <= 0) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace digester::app
