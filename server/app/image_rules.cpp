#include "app/image_rules.hpp"

#include <vector>

#include "manifest/field_specs.hpp"

namespace digester::app {

Result<manifest::Rules> image_rules(std::span<const std::string> paths) {
  std::vector<manifest::FieldSpec> specs;
  for (const auto& path : paths) {
    auto spec = manifest::parse_field_spec(path);
    if (!spec) return fail(std::move(spec.error()));
    specs.push_back(std::move(*spec));
  }
  return manifest::Rules::make(specs);
}

}  // namespace digester::app
