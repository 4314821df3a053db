#include "files/held_signals.hpp"

#include <atomic>

namespace digester::files {
namespace {

std::atomic<int> waiting = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal's handler may write it");

void remember(int signal) {
  waiting = signal;
}

}  // namespace

HeldSignals::HeldSignals() {
  waiting = 0;
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
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    ::sigaction(kSignals[i], &before_[i], nullptr);
  if (const int signal = waiting.exchange(0); signal != 0) ::raise(signal);
}

bool HeldSignals::is_waiting() {
  return waiting != 0;
}

}  // namespace digester::files
