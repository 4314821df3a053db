// A logger whose lines a test can read. Safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "support/manual_clock.hpp"

namespace digester::test {

class CaptureLog {
 public:
  explicit CaptureLog(Level level = Level::debug, LogFormat format = LogFormat::json)
      : logger_(
            clock_, [this](std::string_view line) { add(line); }, level, format) {}

  const Logger& logger() const { return logger_; }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::string text() const {
    std::string all;
    for (const auto& line : lines())
      all += line;
    return all;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
  }

 private:
  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }

  ManualClock clock_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  Logger logger_;
};

}  // namespace digester::test
