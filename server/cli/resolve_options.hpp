// What `digester resolve` is asked to do.
#pragma once

#include "cli/known_options.hpp"
#include "cli/manifest_options.hpp"

namespace digester::cli {

struct ResolveOptions : ManifestOptions {
  bool in_place = false;
  bool diff = false;
  bool digest_only = false;
  bool ignore_errors = false;
  bool pin_setters = false;
  KnownOptions known;
};

}  // namespace digester::cli
