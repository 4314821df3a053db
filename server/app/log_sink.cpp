#include "app/log_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace digester::app {

namespace {

bool is(int fd, mode_t type) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == type;
}

// O_NONBLOCK belongs to what was opened, which others share: a pipe or terminal is therefore opened once
// more.
int reopen(int fd) {
  if (!is(fd, S_IFIFO) && ::isatty(fd) == 0) return -1;
  return ::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

}  // namespace

LogSink::LogSink(int fd)
    : reopened_(reopen(fd)),
      fd_(reopened_ >= 0 ? reopened_ : fd),
      never_blocks_(reopened_ >= 0 || is(fd, S_IFREG)),
      writer_([this] { run(); }) {}

LogSink::~LogSink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
  if (reopened_ >= 0) ::close(reopened_);
}

void LogSink::write(std::string_view line) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kLimit) {
      ++dropped_;
      return;
    }
    const auto before = pending_.size();
    pending_.append(line);
    wake = before == 0 || (before < kBatch && pending_.size() >= kBatch);
  }
  if (wake) wake_.notify_one();
}

void LogSink::run() {
  std::string batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || !pending_.empty(); });
    wake_.wait_for(lock, kDelay, [&] { return stopping_ || pending_.size() >= kBatch; });
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

// Whoever started us may have made the descriptor a blocking one: where it can block, it is written to only
// when there is room, and no more than a pipe then takes at once. A reader that went away loses lines: never
// us.
void LogSink::write_all(std::string_view text) const {
  while (!text.empty()) {
    if (!never_blocks_ && !wait_writable()) return;
    const auto size = never_blocks_ ? text.size() : std::min<std::size_t>(text.size(), PIPE_BUF);
    const auto n = ::write(fd_, text.data(), size);
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (!wait_writable()) return;
    } else if (errno != EINTR) {
      return;
    }
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
