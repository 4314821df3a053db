// Images that are left alone.
#pragma once

#include <string>
#include <vector>

#include "image/skip_prefixes.hpp"

namespace digester::cli {

struct SkipOptions {
  std::string prefixes;             // --skip-prefixes: separated by colons
  std::vector<std::string> prefix;  // --skip-prefix

  std::vector<std::string> all() const {
    auto out = image::split_prefixes(prefixes);
    out.insert(out.end(), prefix.begin(), prefix.end());
    return out;
  }
};

}  // namespace digester::cli
