// What `digester resolve` is asked to do.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/registry_options.hpp"
#include "cli/skip_options.hpp"

namespace digester::cli {

struct ResolveOptions {
  std::vector<std::string> files;  // of arguments and -f; "-" is standard input
  SkipOptions skip;
  std::vector<std::string> image_paths;  // of --image-path, as written
  bool digest_only = false;
  bool offline = false;
  std::string platform;
  Duration timeout = std::chrono::seconds(30);  // for each image
  Level log_level = Level::warn;
  RegistryOptions registry;
};

}  // namespace digester::cli
