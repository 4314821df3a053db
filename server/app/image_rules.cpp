#include "app/image_rules.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"

namespace digester::app {
namespace {

Result<manifest::FieldSpec> field_spec(const std::string& written) {
  manifest::FieldSpec spec;
  bool first = true;
  for (const auto part : text::split(written, ',')) {
    const auto equals = part.find('=');
    const auto key = part.substr(0, equals);
    if (first) {
      spec.path = part;
    } else if (equals != std::string_view::npos && key == "kind") {
      spec.kind = part.substr(equals + 1);
    } else if (equals != std::string_view::npos && key == "group") {
      spec.group = part.substr(equals + 1);
    } else if (equals != std::string_view::npos && key == "version") {
      spec.version = part.substr(equals + 1);
    } else {
      return fail(ErrorKind::invalid,
                  fmt::format("\"{}\": \"{}\" is none of kind=, group=, version=; an example: "
                              "spec/steps[]/image,kind=Task,group=tekton.dev",
                              text::printable(written, 256), text::printable(part, 64)));
    }
    first = false;
  }
  return spec;
}

}  // namespace

Result<manifest::Rules> image_rules(std::span<const std::string> paths) {
  std::vector<manifest::FieldSpec> specs;
  for (const auto& path : paths) {
    auto spec = field_spec(path);
    if (!spec) return fail(std::move(spec.error()));
    specs.push_back(std::move(*spec));
  }
  return manifest::Rules::make(specs);
}

}  // namespace digester::app
