// Kustomizations as they lie on the disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "yaml/tree.hpp"

namespace digester::app {

// Does the file have one of kustomize's names? Such a file is a kustomization whatever is within.
bool has_kustomization_name(const std::string& path);

// The directory's kustomization.yaml, kustomization.yml or Kustomization. Errors: none, or several.
Result<std::string> kustomization_in(const std::string& directory);

// "overlays/prod" and "../base": "overlays/base". What is absolute stays.
std::string beside(const std::string& directory, std::string_view relative);

// The documents of a file. Errors begin with the path.
Result<std::vector<yaml::Tree>> read_trees_of(const std::string& path);

// The texts of a member that is a list; empty where it is none.
std::vector<std::string> texts_of(const yaml::Tree& tree, std::string_view key);

}  // namespace digester::app
