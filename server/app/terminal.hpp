// What is shown to a person alone.
#pragma once

#include <cstddef>
#include <functional>

#include "cli/options.hpp"

namespace digester::app {

// Colours on this descriptor: it is a terminal that has them, and NO_COLOR is not set (https://no-color.org).
bool may_colour(int fd, const cli::Environment& environment);

// Writes how far a command is to standard error, on one line that goes at the end; nothing if that is no
// terminal, or if all is done within moments. Any thread, one at a time.
std::function<void(std::size_t done, std::size_t all)> progress(const cli::Environment& environment);

}  // namespace digester::app
