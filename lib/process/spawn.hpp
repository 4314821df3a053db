// Starts one program without a shell, for whoever waits for it in a way of his own. POSIX.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"

namespace digester::process {

struct Start {
  // The program (looked up in PATH unless it holds a slash) and its arguments. Without NUL bytes.
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value", all of it
  std::string directory = {};            // empty: where we are
  int input = -1;                        // its descriptor 0, of ours; -1: /dev/null
  int output = 1;                        // its 1
  int errors = 2;                        // its 2
  bool own_group = false;                // it leads a process group of its own
};

// The child's id, for waitpid(). It has no other descriptor of ours, blocks no signal, and SIGPIPE and
// SIGXFSZ mean to it what they mean everywhere. Errors: not_found (no such program), internal; both name the
// program.
Result<pid_t> spawn(Start start);

}  // namespace digester::process
