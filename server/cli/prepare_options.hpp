// What `digester prepare` is asked to do.
#pragma once

#include <string>
#include <vector>

#include "base/units.hpp"
#include "cli/look_up_options.hpp"
#include "prepare/options.hpp"

namespace digester::cli {

struct PrepareOptions : LookUpOptions {
  std::vector<std::string> files;  // files, directories, patterns; "-" is standard input
  bool recursive = false;
  prepare::Words words;
  std::string output = "./output";
  bool apply = false;
  bool wait = false;
  Duration wait_timeout = std::chrono::minutes(5);  // for each workload
};

}  // namespace digester::cli
