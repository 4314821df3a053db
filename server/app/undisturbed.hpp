// Work that must not be left half done.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>

namespace digester::app {

// While this lives, a signal that asks us to end is only noted, so that files can be put back.
class Undisturbed {
 public:
  Undisturbed() {
    struct sigaction note {};
    note.sa_handler = [](int) { asked_ = 1; };
    note.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &note, &before_[i]);
  }
  ~Undisturbed() {
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

  bool is_asked_to_end() const { return asked_ != 0; }

 private:
  static inline volatile std::sig_atomic_t asked_ = 0;
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace digester::app
