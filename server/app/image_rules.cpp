#include "app/image_rules.hpp"

#include <vector>

#include "app/image_configs.hpp"
#include "manifest/field_specs.hpp"

namespace digester::app {

Result<manifest::Rules> image_rules(std::span<const std::string> paths,
                                    std::span<const std::string> configs) {
  std::vector<manifest::FieldSpec> specs;
  for (const auto& path : paths) {
    auto spec = manifest::parse_field_spec(path);
    if (!spec) return fail(spec.error().kind, "--image-path: " + spec.error().message);
    if (const auto checked = manifest::Rules::make({&*spec, 1}); !checked)
      return fail(checked.error().kind, "--image-path: " + checked.error().message);
    specs.push_back(std::move(*spec));
  }
  for (const auto& config : configs) {
    auto read = read_image_config(config);
    if (!read) return fail(std::move(read.error()));
    specs.insert(specs.end(), read->begin(), read->end());
  }
  return manifest::Rules::make(specs);
}

Result<manifest::Rules> manifest_rules(const cli::ManifestOptions& options) {
  auto configs = options.image_configs;
  // One that is not there, or not to be read, is told when it is to be built.
  if (!options.kustomization.empty() && read_image_config(options.kustomization))
    configs.push_back(options.kustomization);
  return image_rules(options.image_paths, configs);
}

}  // namespace digester::app
