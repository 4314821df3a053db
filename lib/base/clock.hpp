// Time arrives by constructor, so that tests own it.
#pragma once

#include <chrono>

namespace digester {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic: deadlines, ages, lives. Safe to call from any thread.
  virtual SteadyTime now() const = 0;
  // For people and for comparing with certificates and HTTP dates; it may jump. Any thread.
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace digester
