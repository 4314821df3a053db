// What every command that reads manifests may be told.
#pragma once

#include <string>
#include <vector>

#include "cli/look_up_options.hpp"
#include "cli/skip_options.hpp"

namespace digester::cli {

struct ManifestOptions : LookUpOptions {
  std::vector<std::string> files;  // of arguments and -f: files, directories, patterns; "-" is standard input
  std::string kustomization;       // of -k: a directory to build; empty: none
  bool recursive = false;
  SkipOptions skip;
  std::vector<std::string> image_paths;    // of --image-path, as written
  std::vector<std::string> image_configs;  // files of kustomize's, whose `images:` are further places
  bool offline = false;
  bool keep_going = false;
  std::string report;         // a file; empty: none
  std::string report_format;  // json, sarif, github; empty: not given
};

}  // namespace digester::cli
