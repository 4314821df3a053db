// What `digester kustomize` is asked to do.
#pragma once

#include <string>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/registry_options.hpp"
#include "cli/skip_options.hpp"

namespace digester::cli {

struct KustomizeOptions {
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
  std::string platform;
  Duration timeout = std::chrono::seconds(30);  // for each image
  Level log_level = Level::warn;
  RegistryOptions registry;
};

}  // namespace digester::cli
