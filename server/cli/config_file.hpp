// `--config FILE`: YAML whose keys are the long flags without their dashes. The only user of yaml-cpp here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace digester::cli {

using Settings = std::vector<std::pair<std::string, std::vector<std::string>>>;

// A mapping of scalars and lists of scalars, in file order. At most 1 MiB. Errors name the file, the line and
// the cause.
Result<Settings> read_config_file(const std::string& path);

}  // namespace digester::cli
