// What a package may say about how its images are pinned. A package is somebody else's word: what it may not
// touch is where registries are, what is trusted and who we are there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "krm/finding.hpp"
#include "manifest/rules.hpp"
#include "yaml/tree.hpp"

namespace digester::krm {

// Of what a package says.
inline constexpr yaml::TreeLimits kConfigLimits{.bytes = std::size_t{1} << 20, .nodes = 10'000, .depth = 100};

// Absent: not said. `offline: false` cannot be said.
struct Settings {
  std::optional<std::vector<std::string>> skip_prefixes;  // may hold ports, where a list was given
  std::string split_prefix;  // a host whose port was probably split off; empty: none
  std::optional<std::vector<manifest::FieldSpec>> image_paths;
  std::optional<std::string> platform;  // as it is written
  std::optional<bool> digest_only, ignore_errors, offline, pin_setters;
  std::optional<Severity> results;  // the least that is told
};

// A functionConfig: null, a ConfigMap (`data`, strings alone) or any other object (`spec`). What is unknown,
// forbidden or malformed is an error that names the key, the cause and the cure.
Result<Settings> read_settings(const yaml::Tree& function_config);

// The same of a plugin's configuration file. Errors begin with "line N: " where it is not YAML.
Result<Settings> read_settings(std::string_view text);

}  // namespace digester::krm
