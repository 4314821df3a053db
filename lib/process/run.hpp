// Runs one program without a shell, and waits for it. Blocking, POSIX.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace digester::process {

enum class Stream : std::uint8_t {
  collect,
  to_errors,  // to our own standard error, as it comes
  to_output,  // to our own standard output
};

struct Command {
  // The program (looked up in PATH unless it holds a slash) and its arguments. Without NUL bytes.
  std::vector<std::string> arguments;
  std::vector<std::string> environment = {};  // "NAME=value", added to ours, or in the place of what it has
  std::string directory = {};                 // where it runs; empty: where we do
  std::string input = {};                     // its whole standard input
  Stream output = Stream::collect;
  Stream errors = Stream::collect;
  Duration limit = std::chrono::minutes(10);
  std::size_t max_output = std::size_t{256} << 20;
};

struct Ended {
  int exit_code = 0;  // 128 + signal where a signal ended it
  std::string output;
  std::string errors;  // at most the last 64 KiB
};

// No other descriptor of ours is inherited, and it belongs to our process group: who ends us at a terminal
// ends it too. It is killed when the limit passes or the output grows too large. A process that it left
// behind and that holds its output open is not waited for. SIGINT, SIGTERM, SIGHUP and SIGQUIT end it first,
// and then us (posix::HeldSignals). Errors: not_found (no such program in PATH, or no such directory),
// timed_out, too_large, cancelled (by a signal that somebody holds back), internal; each names the program.
Result<Ended> run(const Command& command);

// The path of a program as PATH has it; empty where there is none.
std::string find_program(std::string_view name);

// For messages: what it said from its last line that begins with "Error:", or all, in one printable line; of
// what is long, the end.
std::string last_words(const Ended& ended);

}  // namespace digester::process
