// What `digester check` is asked to look at.
#pragma once

#include "cli/manifest_options.hpp"

namespace digester::cli {

struct CheckOptions : ManifestOptions {
  bool fresh = false;  // has the tag moved?
};

}  // namespace digester::cli
