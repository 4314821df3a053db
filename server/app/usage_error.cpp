#include <fmt/format.h>

#include <cstdio>

#include "app/run.hpp"
#include "base/text.hpp"

namespace digester::app {

int usage_error(std::string_view command, std::string_view why) {
  fmt::print(stderr, "digester {0}: {1}\nRun \"digester {0} --help\" for usage.\n", command,
             text::printable(why, 1024));
  return 2;
}

}  // namespace digester::app
