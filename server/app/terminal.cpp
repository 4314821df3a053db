#include "app/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

namespace digester::app {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

bool is_dumb(const cli::Environment& environment) {
  return environment("TERM").value_or("dumb") == "dumb";
}

struct Shown {
  SteadyClock::time_point next = SteadyClock::now() + 300ms;
  bool anything = false;
};

void print(const std::string& text) {
  // Of no importance if it fails.
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace

bool may_colour(int fd, const cli::Environment& environment) {
  return ::isatty(fd) != 0 && !is_dumb(environment) && environment("NO_COLOR").value_or("").empty();
}

std::function<void(std::size_t done, std::size_t all)> progress(const cli::Environment& environment) {
  if (::isatty(STDERR_FILENO) == 0 || is_dumb(environment)) return nullptr;
  return [shown = std::make_shared<Shown>()](std::size_t done, std::size_t all) {
    const auto now = SteadyClock::now();
    if (done == all) {
      if (shown->anything) print("\r\x1b[K");
      return;
    }
    if (now < shown->next) return;
    shown->next = now + 100ms;
    shown->anything = true;
    print(fmt::format("\rlooking up images: {} of {}\x1b[K", done, all));
  };
}

}  // namespace digester::app
