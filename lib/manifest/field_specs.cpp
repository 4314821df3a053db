#include "manifest/field_specs.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace digester::manifest {
namespace {

Error error_at(const yaml::Tree& tree, std::string_view why) {
  return {ErrorKind::invalid, fmt::format("line {}: {}", tree.line, why)};
}

Result<FieldSpec> read_field_spec(const yaml::Tree& tree) {
  if (tree.is_scalar()) return parse_field_spec(tree.scalar);
  FieldSpec spec;
  if (!tree.is_mapping())
    return fail(
        error_at(tree, "neither a path (spec/steps[]/image) nor a mapping with path, kind and group"));
  for (const auto& member : tree.members) {
    const auto& key = member.key;
    const auto& value = member.value;
    auto* target = key == "path"      ? &spec.path
                   : key == "kind"    ? &spec.kind
                   : key == "group"   ? &spec.group
                   : key == "version" ? &spec.version
                                      : nullptr;
    if (key == "create") continue;
    if (!target)
      return fail(error_at(value, fmt::format("an image path has path, kind, group and version, no \"{}\"",
                                              text::printable(key, 64))));
    if (value.is_null()) continue;
    if (!value.is_scalar()) return fail(error_at(value, fmt::format("\"{}\" is no text", key)));
    *target = value.scalar;
  }
  if (spec.path.empty()) return fail(error_at(tree, "an image path without \"path\""));
  return spec;
}

}  // namespace

Result<FieldSpec> parse_field_spec(std::string_view written) {
  FieldSpec spec;
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

Result<std::vector<FieldSpec>> read_field_specs(const yaml::Tree& tree) {
  if (tree.is_mapping())
    if (const auto* images = tree.find("images"); images && !tree.find("path")) {
      if (images->is_null()) return std::vector<FieldSpec>{};
      return read_field_specs(*images);
    }
  std::vector<FieldSpec> specs;
  const auto add = [&specs](const yaml::Tree& one) -> Result<void> {
    auto spec = read_field_spec(one);
    if (!spec) return fail(one.is_scalar() ? error_at(one, spec.error().message) : spec.error());
    if (auto checked = Rules::make({&*spec, 1}); !checked)
      return fail(error_at(one, checked.error().message));
    specs.push_back(std::move(*spec));
    return {};
  };
  if (tree.is_sequence()) {
    for (const auto& one : tree.items)
      if (auto added = add(one); !added) return fail(std::move(added.error()));
  } else if (auto added = add(tree); !added) {
    return fail(std::move(added.error()));
  }
  return specs;
}

Result<std::vector<FieldSpec>> read_field_specs(std::string_view text) {
  const auto trees = yaml::read_trees(text, {.bytes = std::size_t{1} << 20, .nodes = 10'000, .depth = 100});
  if (!trees) return fail(trees.error());
  if (trees->size() != 1)
    return fail(ErrorKind::invalid,
                fmt::format("line 1: image paths are one document, not {}", trees->size()));
  return read_field_specs(trees->front());
}

}  // namespace digester::manifest
