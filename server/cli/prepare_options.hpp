// What `digester prepare` is asked to do.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/registry_options.hpp"
#include "prepare/options.hpp"

namespace digester::cli {

struct PrepareOptions {
  std::vector<std::string> files;  // files, directories, patterns; "-" is standard input
  bool recursive = false;
  prepare::Words words;
  std::string output = "./output";
  bool apply = false;
  bool wait = false;
  Duration wait_timeout = std::chrono::minutes(5);  // for each workload
  std::string platform;
  Duration timeout = std::chrono::seconds(30);  // for each image
  Level log_level = Level::warn;
  RegistryOptions registry;
};

}  // namespace digester::cli
