#include "app/package_files.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "files/collect.hpp"
#include "files/read.hpp"
#include "setters/fields.hpp"

namespace digester::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKptfile = "Kptfile";
constexpr int kDeepest = 100;

// Also of a path that is not there.
std::string plain(const std::string& path) {
  return fs::path(path).lexically_normal().string();
}

class Package {
 public:
  Result<void> add(const std::string& path) {
    if (!seen_.insert(plain(path)).second) return {};
    auto text = files::read_file(path);
    if (!text) return fail(std::move(text.error()));
    out.push_back({path, std::move(*text)});
    return {};
  }
  void know(const std::string& path) { seen_.insert(plain(path)); }

  // Kptfiles below a directory; hidden directories and links are passed over, as manifests' are.
  Result<void> add_kptfiles(const fs::path& directory, int depth = 0) {
    std::error_code error;
    if (depth > kDeepest) return {};
    if (fs::is_regular_file(directory / kKptfile, error))
      if (auto added = add(plain((directory / kKptfile).string())); !added) return added;
    std::set<fs::path> below;
    for (const auto& entry : fs::directory_iterator(directory, error))
      if (!entry.is_symlink() && entry.is_directory(error) &&
          !entry.path().filename().string().starts_with('.'))
        below.insert(entry.path());
    for (const auto& path : below)
      if (auto added = add_kptfiles(path, depth + 1); !added) return added;
    return {};
  }

  std::vector<PackageText> out;

 private:
  std::set<std::string> seen_;
};

// Does the path, links followed, lead to something below the directory? A package's word moves nothing
// outside of it.
bool is_within(const fs::path& directory, const std::string& file) {
  std::error_code error;
  const auto root = fs::canonical(directory.empty() ? "." : directory, error);
  if (error) return false;
  const auto real = fs::canonical(file, error);
  if (error) return false;
  return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
}

// The values of `configPath` in a Kptfile.
Result<std::vector<std::string>> config_paths(const std::string& kptfile) {
  const auto text = files::read_file(kptfile);
  if (!text) return fail(text.error());
  const auto fields = setters::find_fields(*text);
  if (!fields) return fail(fields.error().kind, kptfile + ": " + fields.error().message);
  std::vector<std::string> out;
  for (const auto& field : fields->fields)
    if (field.path.starts_with("pipeline.") && field.path.ends_with("].configPath"))
      out.push_back(field.value);
  return out;
}

}  // namespace

Result<std::vector<PackageText>> read_package(std::span<const std::string> names) {
  const auto collected = files::collect(names, {.recursive = true});
  if (!collected.troubles.empty()) return fail(collected.troubles.front().error);
  Package package;
  for (const auto& input : collected.inputs)
    if (auto added = package.add(input.path); !added) return fail(std::move(added.error()));
  for (const auto& name : names) {
    std::error_code error;
    if (!fs::is_directory(name, error)) continue;
    if (auto added = package.add_kptfiles(plain(name)); !added) return fail(std::move(added.error()));
  }
  return std::move(package.out);
}

Result<std::vector<PackageText>> read_governing(std::span<const std::string> known) {
  Package package;
  std::set<std::string> folders, kptfiles;
  for (const auto& path : known) {
    package.know(path);
    if (path != files::kStandardInput) folders.insert(fs::path(plain(path)).parent_path().string());
  }
  for (const auto& folder : folders) {
    auto at = fs::path(folder);
    for (int depth = 0; depth < kDeepest; ++depth) {
      std::error_code error;
      if (fs::is_regular_file(at / kKptfile, error)) {
        kptfiles.insert((at / kKptfile).string());
        if (auto added = package.add((at / kKptfile).string()); !added) return fail(std::move(added.error()));
      }
      if (at.empty() || at == at.root_path() || at.filename() == "..") break;
      at = at.parent_path();
    }
  }
  for (const auto& kptfile : kptfiles) {
    const auto paths = config_paths(kptfile);
    if (!paths) return fail(paths.error());
    for (const auto& path : *paths) {
      const auto folder = fs::path(kptfile).parent_path();
      const auto file = (folder / path).lexically_normal().string();
      std::error_code error;
      if (!fs::is_regular_file(file, error)) continue;  // kpt's to complain of
      if (!is_within(folder, file)) continue;
      if (auto added = package.add(file); !added) return fail(std::move(added.error()));
    }
  }
  return std::move(package.out);
}

std::vector<setters::PackageFile> as_package(std::span<const PackageText> files) {
  std::vector<setters::PackageFile> out;
  for (const auto& file : files)
    out.push_back({plain(file.path), file.text});
  return out;
}

}  // namespace digester::app
