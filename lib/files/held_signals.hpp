// Holds back what would end the process with files half done. Internal to the room.
#pragma once

#include <signal.h>

#include <array>

namespace digester::files {

// While it lives, SIGINT, SIGTERM, SIGHUP and SIGQUIT are remembered instead of taking effect, whatever
// thread they come to; those that are ignored stay so. Afterwards what came takes its effect. A write beyond
// the limit on the size of files is an error of that write alone. One at a time.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  static bool is_waiting();

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace digester::files
