#include "posix/held_signals.hpp"

#include <atomic>

namespace digester::posix {
namespace {

std::atomic<unsigned> count = 0;
std::atomic<int> latest = 0;
static_assert(std::atomic<unsigned>::is_always_lock_free, "a signal's handler may write it");
int depth = 0;

void remember(int signal) {
  latest = signal;
  ++count;
}

}  // namespace

HeldSignals::HeldSignals() : seen_(count) {
  if (depth++ > 0) return;
  latest = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    const bool is_ignored = (before_[i].sa_flags & SA_SIGINFO) == 0 && before_[i].sa_handler == SIG_IGN;
    if (is_ignored) continue;
    struct sigaction held {};
    ::sigemptyset(&held.sa_mask);
    held.sa_flags = SA_RESTART;
    held.sa_handler = kSignals[i] == SIGXFSZ ? SIG_IGN : remember;
    ::sigaction(kSignals[i], &held, nullptr);
  }
}

HeldSignals::~HeldSignals() {
  if (--depth > 0) return;
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    ::sigaction(kSignals[i], &before_[i], nullptr);
  if (const int signal = latest.exchange(0); signal != 0) ::raise(signal);
}

bool HeldSignals::is_waiting() const {
  return count != seen_;
}

}  // namespace digester::posix
