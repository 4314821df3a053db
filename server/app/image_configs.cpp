#include "app/image_configs.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "app/kustomization_files.hpp"
#include "base/text.hpp"
#include "manifest/field_specs.hpp"

namespace digester::app {
namespace {

using manifest::FieldSpec;
using yaml::Tree;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

std::string text_of(const Tree& tree, std::string_view key) {
  const auto* value = tree.find(key);
  return value != nullptr && value->is_scalar() && !value->is_null() ? value->scalar : std::string();
}

bool is_kustomization(const Tree& tree) {
  const auto kind = text_of(tree, "kind");
  return kind == "Kustomization" || kind == "Component" || tree.find("configurations") != nullptr ||
         tree.find("resources") != nullptr;
}

Result<void> read_config(const std::string& path, bool named, std::vector<FieldSpec>& specs) {
  const auto trees = read_trees_of(path);
  if (!trees) return fail(trees.error());
  const bool by_name = named && has_kustomization_name(path);
  bool found = by_name;
  for (const auto& tree : *trees) {
    if (by_name || (named && is_kustomization(tree))) {
      found = true;
      for (const auto& file : texts_of(tree, "configurations"))
        if (auto read = read_config(beside(directory_of(path), file), false, specs); !read) return read;
    } else if (const auto* images = tree.find("images"); images != nullptr && images->is_sequence()) {
      found = true;
      auto read = manifest::read_field_specs(*images);
      if (!read)
        return fail(read.error().kind, fmt::format("{}: {}", text::printable(path), read.error().message));
      specs.insert(specs.end(), read->begin(), read->end());
    }
  }
  // A kustomization's configurations may be about other things.
  if (!found && named)
    return fail(ErrorKind::invalid,
                fmt::format("{}: it names no places of images; images: [{{path: spec/steps[]/image}}] would",
                            text::printable(path)));
  return {};
}

}  // namespace

Result<std::vector<FieldSpec>> read_image_config(const std::string& path) {
  auto file = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    auto found = kustomization_in(path);
    if (!found) return fail(std::move(found.error()));
    file = std::move(*found);
  }
  std::vector<FieldSpec> specs;
  if (auto read = read_config(file, true, specs); !read) return fail(std::move(read.error()));
  return specs;
}

}  // namespace digester::app
