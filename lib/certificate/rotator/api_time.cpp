#include "certificate/rotator/api_time.hpp"

#include <utility>

namespace digester::certificate {
namespace {

// Further apart than this a clock is wrong, not inexact.
constexpr std::chrono::minutes kTolerance(1);

}  // namespace

Time ApiTime::now(const std::optional<WallTime>& server_time) {
  const Time own = to_time(clock_.wall());
  if (!server_time) return own;
  const Time server = to_time(*server_time);
  if (std::chrono::abs(server - own) <= kTolerance) {
    told_ = false;
    return own;
  }
  if (!std::exchange(told_, true))
    log_.warn("this node's clock and the API server's differ: the API server's counts for certificates",
              {{"seconds", (own - server).count()}});
  return server;
}

bool ApiTime::jumped(Time now) {
  const SteadyTime steady = clock_.now();
  const auto difference =
      now.time_since_epoch() - std::chrono::duration_cast<seconds>(steady.time_since_epoch());
  if (wall_minus_steady_ && std::chrono::abs(difference - *wall_minus_steady_) > kTolerance) {
    distrust_until_ = steady + wait_;
    log_.warn("the clock was set: a rotation under way waits its time again",
              {{"seconds", (difference - *wall_minus_steady_).count()}});
  }
  wall_minus_steady_ = difference;
  return steady < distrust_until_;
}

}  // namespace digester::certificate
