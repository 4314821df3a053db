// What `digester lock update` is asked to do.
#pragma once

#include <string>
#include <vector>

#include "cli/look_up_options.hpp"

namespace digester::cli {

struct LockUpdateOptions : LookUpOptions {
  std::vector<std::string> images;
  bool all = false;  // all that the lock has
  std::string lock = "images.lock.yml";
};

}  // namespace digester::cli
