// What `kustomize build` makes of a directory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::app {

struct KustomizeBuild {
  std::string file;    // the directory's kustomization
  std::string output;  // the manifests
};

// By kustomize, else by kubectl; without flags. Blocks. A tree that names a function as transformer,
// generator or validator (annotation config.kubernetes.io/function) is refused: without flags neither starts
// it, and both may leave it out without a word. Only local files are looked at for that. Errors begin with a
// path, or say which program failed. `builder` is another command, words with blanks between them, behind
// which the directory is put; its flags, and what it does with functions, are its user's affair. Blank, none
// was chosen; nothing, none can be, and cures do not speak of it.
Result<KustomizeBuild> build_kustomization(const std::string& directory,
                                           std::optional<std::string_view> builder = std::nullopt);

}  // namespace digester::app
