// Holds back what would end the process in the midst of something.
#pragma once

#include <signal.h>

#include <array>

namespace digester::posix {

// While it lives, SIGINT, SIGTERM, SIGHUP and SIGQUIT are remembered instead of taking effect, whatever
// thread they come to; those that are ignored stay so. Afterwards what came takes its effect. A write beyond
// the limit on the size of files is an error of that write alone. One may live within another: a signal takes
// effect after the outermost. One thread at a time.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Has one come since this began?
  bool is_waiting() const;

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ};
  std::array<struct sigaction, kSignals.size()> before_{};
  unsigned seen_ = 0;  // that came before
};

}  // namespace digester::posix
