// What `kustomize build` makes of a directory.
#pragma once

#include <string>

#include "base/result.hpp"

namespace digester::app {

struct KustomizeBuild {
  std::string file;    // the directory's kustomization
  std::string output;  // the manifests
};

// By kustomize, else by kubectl; without flags. Blocks. A tree that names a function as transformer,
// generator or validator (annotation config.kubernetes.io/function) is refused: without flags neither starts
// it, and both may leave it out without a word. Only local files are looked at for that. Errors begin with a
// path, or say which program failed.
Result<KustomizeBuild> build_kustomization(const std::string& directory);

}  // namespace digester::app
