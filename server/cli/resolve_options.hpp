// What `digester resolve` is asked to do.
#pragma once

#include "cli/manifest_options.hpp"

namespace digester::cli {

struct ResolveOptions : ManifestOptions {
  bool in_place = false;
  bool diff = false;
  bool digest_only = false;
  bool ignore_errors = false;
};

}  // namespace digester::cli
