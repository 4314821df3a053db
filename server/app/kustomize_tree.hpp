// A kustomization with the local ones that it is made of.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "kustomization/kustomization.hpp"

namespace digester::app {

struct KustomizationFile {
  std::string directory;
  std::string path;
  std::string text;
  kustomization::Kustomization content;
};

// What is built as one, and the components (of components too) that change it, which are not built alone.
struct KustomizeRoot {
  KustomizationFile own;
  std::vector<KustomizationFile> components;
};

// Bases before what is made of them; each once, however it is reached. Without `recursive` the directory
// alone, and no components. What is no local directory is passed over. Errors begin with the path.
Result<std::vector<KustomizeRoot>> read_kustomize_tree(const std::string& directory, bool recursive);

}  // namespace digester::app
