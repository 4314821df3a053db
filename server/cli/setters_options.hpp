// What `digester setters create`, `apply` and `list` are asked to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace digester::cli {

struct SettersOptions {
  enum class Job : std::uint8_t { create, apply, list };
  Job job = Job::list;
  std::vector<std::string> setters;  // NAME=VALUE, as written
  std::vector<std::string> files;    // files, directories with all below, patterns; "-" is standard input
  bool diff = false;
  bool json = false;  // list
};

}  // namespace digester::cli
