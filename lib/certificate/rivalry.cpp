#include "certificate/rivalry.hpp"

#include <algorithm>
#include <utility>

namespace digester::certificate {
namespace {

using namespace std::chrono_literals;

constexpr auto kCalm = 1min;
constexpr auto kPause = 24h;
constexpr std::chrono::seconds kMaxDelay = 10min;

}  // namespace

void Rivalry::observe(bool right, SteadyTime now) {
  if (right) {
    if (!right_) right_since_ = now;
    if (now - right_since_ > kPause) undone_ = 0;
    if (undone_ == 0) told_ = false;
  } else if (right_) {
    wrong_since_ = now;
    undone_ = now - right_since_ < kCalm ? undone_ + 1 : std::max(undone_ - 1, 1);
  }
  right_ = right;
}

void Rivalry::wish_changed(SteadyTime now) {
  if (std::exchange(right_, false)) wrong_since_ = now;
}

SteadyTime Rivalry::not_before(bool needed) const {
  if (right_ || undone_ <= kFree) return SteadyTime{};
  if (!needed && fighting()) return wrong_since_ + kPause;
  const std::chrono::seconds delay(1LL << std::min(undone_ - kFree - 1, 30));
  return wrong_since_ + std::min(delay, kMaxDelay);
}

bool Rivalry::take_news() {
  if (told_ || !fighting()) return false;
  told_ = true;
  return true;
}

}  // namespace digester::certificate
