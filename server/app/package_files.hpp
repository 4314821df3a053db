// The files of kpt packages.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "setters/kptfile.hpp"

namespace digester::app {

struct PackageText {
  std::string path;  // as it is opened
  std::string text;
};

// What is named: files, patterns, directories with all below (their Kptfiles too, which are not manifests),
// "-". A file that is reached twice counts once. The error is the first input that cannot be had.
Result<std::vector<PackageText>> read_package(std::span<const std::string> names);

// The Kptfiles that govern what is in these files, those in their folders and above, and the ConfigMaps that
// they name. Above the working directory is looked for files that are named absolutely alone. What is among
// `known` already is left out.
Result<std::vector<PackageText>> read_governing(std::span<const std::string> known);

std::vector<setters::PackageFile> as_package(std::span<const PackageText> files);

}  // namespace digester::app
