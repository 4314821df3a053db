// Which files somebody means who names files, directories and patterns.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digester::files {

struct CollectOptions {
  bool recursive = false;  // directories below directories, too
  std::size_t at_most = 100'000;
  std::size_t depth = 100;
  bool kustomizations = false;  // of directories, what is called "Kustomization" too
};

struct Input {
  std::string path;       // "-" is standard input
  bool named = true;      // itself, by the user; false: found in a directory
  bool in_chart = false;  // found beside a Chart.yaml or below
};

// What was found in directories and left out.
struct LeftOut {
  std::size_t templates = 0;           // manifests in `templates` beside a Chart.yaml: a Helm chart's source
  std::size_t hidden = 0;              // manifests and, recursively, directories whose name begins with a dot
  std::size_t linked_directories = 0;  // links to directories, recursively: they may lead round in a circle
};

struct Trouble {
  std::string path;
  Error error;  // its line begins with the path
};

struct Collected {
  std::vector<Input> inputs;  // in the order of the names, a directory's in the order of its names' bytes
  LeftOut left_out;
  std::vector<Trouble> troubles;
};

// A name that is not there and holds `*`, `?` or `[` is a pattern as in a shell; one that fits nothing is
// trouble. Of directories, files that end in .yaml, .yml or .json; a link to a file counts as that file, and
// a file that is reached twice, counts once. What is neither file nor directory is trouble, also in a
// directory, as is a directory without such files.
Collected collect(std::span<const std::string> names, const CollectOptions& options = {});

}  // namespace digester::files
