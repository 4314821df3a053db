#include "app/kustomization_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"
#include "files/read.hpp"
#include "kustomization/kustomization.hpp"

namespace digester::app {

namespace fs = std::filesystem;

bool has_kustomization_name(const std::string& path) {
  const auto name = fs::path(path).filename().string();
  const auto& names = kustomization::kFileNames;
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<std::string> kustomization_in(const std::string& directory) {
  std::string found;
  for (const auto name : kustomization::kFileNames) {
    auto path = beside(directory, name);
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    if (!found.empty())
      return fail(ErrorKind::invalid,
                  fmt::format("{}: there are {} and {}; kustomize wants one of them alone",
                              text::printable(directory), text::printable(found), name));
    found = std::move(path);
  }
  if (found.empty())
    return fail(
        ErrorKind::not_found,
        fmt::format("{}: no kustomization.yaml, kustomization.yml or Kustomization is in this directory; is "
                    "it the right one?",
                    text::printable(directory)));
  return found;
}

std::string beside(const std::string& directory, std::string_view relative) {
  const auto joined = fs::path(directory) / relative;
  auto path = joined.lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

Result<std::vector<yaml::Tree>> read_trees_of(const std::string& path) {
  const auto text = files::read_file(path);
  if (!text) return fail(text.error());
  auto trees = yaml::read_trees(*text);
  if (!trees)
    return fail(trees.error().kind, fmt::format("{}: {}", text::printable(path), trees.error().message));
  return trees;
}

std::vector<std::string> texts_of(const yaml::Tree& tree, std::string_view key) {
  std::vector<std::string> texts;
  const auto* list = tree.find(key);
  if (list == nullptr || !list->is_sequence()) return texts;
  for (const auto& item : list->items)
    if (item.is_scalar() && !item.scalar.empty()) texts.push_back(item.scalar);
  return texts;
}

}  // namespace digester::app
