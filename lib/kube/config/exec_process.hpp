// Runs one program without a shell, and collects what it prints. Asynchronous, POSIX.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/task.hpp"

namespace digester::kube {

struct ProcessOptions {
  std::vector<std::string>
      command;  // the program (looked up in PATH unless it holds a slash) and its arguments
  std::vector<std::string> environment;  // "NAME=value", all of it
  Duration limit = std::chrono::seconds(30);
  std::size_t max_output = 1 << 20;
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal where a signal ended it
  std::string output;
  std::string errors;  // the first kilobytes of what it said on standard error: perhaps secret
};

// Standard input is /dev/null; no other descriptor of ours is inherited; it is the first of a process group
// of its own. The program and its group are killed when the limit passes, the output grows too large, or this
// task is cancelled. One that does not end even so is never waited for: it is reaped when the next one is
// started, and with several of them there is no next one. When it has ended, what it left behind lives on; if
// that holds its output open, what was printed within another second is the output. Errors: not_found (no
// such program), timed_out, too_large, internal.
net::Task<Result<ProcessResult>> run_process(ProcessOptions options);

}  // namespace digester::kube
