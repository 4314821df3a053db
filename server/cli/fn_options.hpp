// What the KRM function is asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/registry_options.hpp"
#include "cli/skip_options.hpp"

namespace digester::cli {

// What is absent was said neither by a flag nor by the environment: a functionConfig may say it.
struct FnOptions {
  std::optional<SkipOptions> skip;
  std::optional<std::vector<std::string>> image_paths;
  std::optional<std::string> platform;
  std::optional<bool> digest_only, ignore_errors, offline, pin_setters;
  std::optional<std::string> results;  // error, warning or info
  std::string kubeconfig, context;
  Duration timeout = std::chrono::seconds(30);  // for each image
  Level log_level = Level::warn;
  RegistryOptions registry;
  // The configuration of a plugin that kustomize started in the old way: a package's word, too.
  std::optional<std::string> plugin_config;
};

}  // namespace digester::cli
