// What `digester lock update` is asked to do.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/registry_options.hpp"

namespace digester::cli {

struct LockUpdateOptions {
  std::vector<std::string> images;
  bool all = false;  // all that the lock has
  std::string lock = "images.lock.yml";
  std::string platform;
  Duration timeout = std::chrono::seconds(30);  // for each image
  Level log_level = Level::warn;
  RegistryOptions registry;
};

}  // namespace digester::cli
