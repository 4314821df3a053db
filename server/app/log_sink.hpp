// Standard error as a log: lines are handed to a writer thread, so that no event loop ever waits for a pipe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace digester::app {

// Lines keep their order, and are written in batches: some milliseconds late, unless there are many. (A
// thread that is woken for every few lines costs the admission threads beside it more than making the lines.)
// When the reader of standard error stalls, at most kLimit bytes wait; further lines are counted and their
// number is written once there is room. Everything accepted is written before destruction ends, unless the
// reader has not read for kPatience by then.
class LogSink {
 public:
  static constexpr std::size_t kLimit = 8 << 20;
  static constexpr std::size_t kBatch = 128 << 10;
  static constexpr std::chrono::milliseconds kDelay{20};
  static constexpr std::chrono::milliseconds kPatience{2000};

  explicit LogSink(int fd);
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  void write(std::string_view line);  // any thread

 private:
  void run();
  void write_all(std::string_view text) const;
  bool wait_writable() const;

  // What is written to: a pipe or terminal opened anew, without blocking for anybody who shares it; else the
  // caller's.
  const int reopened_;
  const int fd_;
  const bool never_blocks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  std::uint64_t dropped_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread writer_;
};

}  // namespace digester::app
