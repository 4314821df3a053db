// What time it is for certificates, and whether that can be trusted.
#pragma once

#include <optional>

#include "base/log.hpp"
#include "certificate/inspect.hpp"

namespace digester::certificate {

class ApiTime {
 public:
  // Both outlive the object. `wait`: how long a changed clock is not trusted.
  ApiTime(const Clock& clock, const Logger& log, seconds wait) : clock_(clock), log_(log), wait_(wait) {}

  // The API server's time if it is known and differs from ours by more than a minute, else ours. Said once.
  Time now(const std::optional<WallTime>& server_time);

  // To be asked with each now(): true for `wait` after the time has made a jump. Neither this clock nor a
  // time that it has stamped then tells how long something has lasted.
  bool jumped(Time now);

 private:
  const Clock& clock_;
  const Logger& log_;
  const seconds wait_;
  bool told_ = false;
  std::optional<seconds> wall_minus_steady_;
  SteadyTime distrust_until_{};
};

}  // namespace digester::certificate
