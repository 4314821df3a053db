// What every command has that does one thing and ends.
#pragma once

#include <string>
#include <string_view>

#include "app/log_sink.hpp"
#include "app/look_up.hpp"

namespace digester::app {

// A clock, and standard error: for the log, and for lines that begin with the command's name.
struct Once {
  Once(std::string_view command, Level level);

  // "digester resolve: …", one printable line.
  void say(std::string_view line);

  const std::string command;
  const SystemClock clock;
  LogSink sink;
  const Logger log;
};

// The look-ups that the flags ask for, with progress for a person who watches. The error is for
// usage_error().
Result<LookUp> look_ups(const cli::LookUpOptions& options, const cli::Environment& environment);

}  // namespace digester::app
