// `--config FILE`: YAML whose keys are the long flags without their dashes. The only user of yaml-cpp here.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace digester::cli {

struct Setting {
  std::string name;
  std::vector<std::string> values;
  bool is_list = false;
  int line = 0;  // from 1
};
using Settings = std::vector<Setting>;

// A mapping of scalars and lists of scalars, in file order. At most 1 MiB. Errors name the file, the line and
// the cause.
Result<Settings> read_config_file(const std::string& path);

}  // namespace digester::cli
