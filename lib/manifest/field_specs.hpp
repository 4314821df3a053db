// Image paths as people write them: --image-path, a function's configuration, kustomize's `configurations:`.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/rules.hpp"
#include "yaml/tree.hpp"

namespace digester::manifest {

// `PATH[,kind=K][,group=G][,version=V]`, PATH as kustomize writes it. Whether the path makes sense
// Rules::make says.
Result<FieldSpec> parse_field_spec(std::string_view text);

// A path, written so, a fieldSpec (`path`, `kind`, `group`, `version`; `create` means nothing
// here), a list of either, or a configuration file of kustomize: `images:` with such a list, what else it has
// is left alone. The paths are checked. Errors: "line N: cause".
Result<std::vector<FieldSpec>> read_field_specs(std::string_view text);
Result<std::vector<FieldSpec>> read_field_specs(const yaml::Tree& tree);

}  // namespace digester::manifest
