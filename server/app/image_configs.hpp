// Places of images from the files in which kustomize keeps them.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/rules.hpp"

namespace digester::app {

// The `images:` of a transformer configuration, each with a `path` and, where it is not for all, `kind`,
// `group` and `version`; of a kustomization, or a directory with one, those of all files that its
// `configurations:` name. A kustomization without them has none. Errors begin with the path of the file.
Result<std::vector<manifest::FieldSpec>> read_image_config(const std::string& path);

}  // namespace digester::app
