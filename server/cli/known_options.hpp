// References that somebody else determined, and where to write what was pinned.
#pragma once

#include <string>
#include <vector>

namespace digester::cli {

struct KnownOptions {
  std::string build_artifacts;     // --build-artifacts: a file, "-" for standard input; empty: none
  std::string image_map;           // --image-map
  bool ko = false;                 // --ko: build what no map has
  std::vector<std::string> locks;  // --lock
  std::string image_refs;          // --image-refs: to be written; empty: not
  std::string imgpkg_lock_output;  // --imgpkg-lock-output: likewise
};

}  // namespace digester::cli
