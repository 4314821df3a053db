// What `digester kustomize` is asked to do.
#pragma once

#include <string>

#include "cli/look_up_options.hpp"
#include "cli/skip_options.hpp"

namespace digester::cli {

struct KustomizeOptions : LookUpOptions {
  std::string directory = ".";
  bool recursive = false;  // local bases and components too
  bool add = false;        // entries for images that have none
  bool update = false;     // look up anew what has a digest
  bool check = false;      // only look at what the build yields
  bool diff = false;
  bool dry_run = false;
  std::string
      builder;  // words, to which the directory is added; empty: kustomize build, else kubectl kustomize
  SkipOptions skip;
};

}  // namespace digester::cli
