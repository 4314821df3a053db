// What a runner would obey, wherever in a line it stands. Internal to the room.
#pragma once

#include <string>

namespace digester::report {

// Azure's and GitHub's old form of a command, `##[error]`, spelt so that it is none.
inline std::string tame(std::string line) {
  for (auto at = line.find("##["); at != std::string::npos; at = line.find("##[", at))
    line.replace(at + 2, 1, "\\x5b");
  return line;
}

}  // namespace digester::report
