// What every command may be told that looks digests up and ends.
#pragma once

#include <string>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/registry_options.hpp"

namespace digester::cli {

struct LookUpOptions {
  std::string platform;                         // OS/ARCH[/VARIANT]; empty: the index, where there is one
  Duration timeout = std::chrono::seconds(30);  // for each image; of `digest`: for all together
  Level log_level = Level::warn;
  RegistryOptions registry;
};

}  // namespace digester::cli
