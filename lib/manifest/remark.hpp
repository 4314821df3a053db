// Something to tell about a place in a text. The line is apart, because a function's host knows no lines.
#pragma once

#include <cstddef>
#include <string>

namespace digester::manifest {

struct Remark {
  std::size_t line = 0;
  std::string cause;      // one printable line
  std::string cure = {};  // empty where there is none

  std::string text() const {  // "line 3: cause; cure"
    std::string out = "line " + std::to_string(line) + ": " + cause;
    if (!cure.empty()) out += "; " + cure;
    return out;
  }
};

}  // namespace digester::manifest
