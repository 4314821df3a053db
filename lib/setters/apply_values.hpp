// The values of setters in the Kptfile's pipeline: what `kpt fn render` would write over fields that were
// set.
#pragma once

#include <span>
#include <vector>

#include "base/result.hpp"
#include "setters/kptfile.hpp"
#include "setters/setter.hpp"

namespace digester::setters {

// Takes the whole package as it is after apply_setters(): every file, the Kptfiles and the ConfigMaps that
// they name among them. A value becomes the setter's if it governs a field whose comment has that setter: in
// a file in the Kptfile's folder or below, or beside it in one ResourceList. In style and place it stays as
// it is written, save that plain letters that are no text to YAML get quotes: a ConfigMap has strings alone.
//
// One result a file, in their order. Values that cannot be written as they stand are warnings with line and
// cure. Errors are those of Package::read().
Result<std::vector<Changed>> apply_values(std::span<const PackageFile> files,
                                          std::span<const Setter> setters);

}  // namespace digester::setters
