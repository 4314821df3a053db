#include "files/collect.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "files/read.hpp"
#include "files/system_error.hpp"

namespace digester::files {
namespace {

constexpr std::string_view kRead = "cannot be read";

bool is_manifest_name(std::string_view name, const CollectOptions& options) {
  if (options.kustomizations && name == "Kustomization") return true;
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

std::string join(const std::string& directory, const std::string& name) {
  if (directory == ".") return name;
  return directory.ends_with('/') ? directory + name : directory + '/' + name;
}

// Sorted, without "." and "..".
Result<std::vector<std::string>> names_in(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return fail(system_error(directory, kRead, errno));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  if (errno != 0) return fail(system_error(directory, kRead, errno));
  std::sort(names.begin(), names.end());
  return names;
}

class Collector {
 public:
  explicit Collector(const CollectOptions& options) : options_(options) {}

  void add_name(const std::string& name) {
    struct stat seen {};
    const bool has_pattern = name.find_first_of("*?[") != std::string::npos;
    if (name == kStandardInput) {
      if (std::exchange(has_standard_input_, true))
        return trouble(name, refuse("-", "standard input is named twice", "name it once"));
      out_.inputs.push_back({name});
    } else if (name.empty()) {
      trouble(name, refuse("\"\"", "the name of a file is empty", "name a file, a directory or \"-\""));
    } else if (has_pattern && ::lstat(name.c_str(), &seen) != 0) {
      add_pattern(name);
    } else {
      add_path(name);
    }
  }

  Collected take() { return std::move(out_); }

 private:
  void trouble(const std::string& path, Error error) { out_.troubles.push_back({path, std::move(error)}); }

  void add_pattern(const std::string& pattern) {
    if (pattern.find("**") != std::string::npos)
      return trouble(
          pattern, refuse(pattern, "`**` is no pattern that is known here", "name the directory and add -R"));
    glob_t found{};
    const auto result = ::glob(pattern.c_str(), GLOB_ERR, nullptr, &found);
    const std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (result == GLOB_NOMATCH)
      return trouble(pattern,
                     refuse(pattern, "no file fits the pattern", "is the name right?", ErrorKind::not_found));
    if (result != 0)
      return trouble(pattern, refuse(pattern, "a directory cannot be read for the pattern",
                                     "check its permissions", ErrorKind::forbidden));
    for (const auto& path : paths)
      add_path(path);
  }

  void add_path(const std::string& path) {
    struct stat seen {};
    if (::stat(path.c_str(), &seen) != 0) return trouble(path, system_error(path, kRead, errno));
    if (!S_ISDIR(seen.st_mode)) return add_file(path, seen, true);  // what it is, shows when it is read
    const auto found = [this] { return out_.inputs.size() + out_.troubles.size() + doubles_; };
    const auto before = found();
    const auto templates = out_.left_out.templates;
    walk(path, 0, false);
    if (found() != before) return;
    if (out_.left_out.templates != templates)
      return trouble(
          path, refuse(path, "it holds nothing but a Helm chart's templates",
                       fmt::format("render them: helm template {} | digester resolve -f -", shown(path))));
    trouble(path, refuse(path, "no *.yaml, *.yml or *.json is in this directory",
                         options_.recursive ? "is it the right one?"
                                            : "add -R to look into the directories below it"));
  }

  void add_file(const std::string& path, const struct stat& seen, bool named, bool in_chart = false) {
    if (!seen_.insert({seen.st_dev, seen.st_ino}).second) {
      ++doubles_;
      return;
    }
    if (is_full_) return;
    is_full_ = out_.inputs.size() == options_.at_most;
    if (is_full_)
      return trouble(path, refuse(path, fmt::format("these are more than {} files", options_.at_most),
                                  "name fewer at once", ErrorKind::too_large));
    out_.inputs.push_back({path, named, in_chart});
  }

  void walk(const std::string& directory, std::size_t depth, bool in_chart) {
    if (depth == options_.depth)
      return trouble(directory, refuse(directory, fmt::format("it lies {} directories deep", depth),
                                       "name a directory further down", ErrorKind::too_large));
    const auto names = names_in(directory);
    if (!names) return trouble(directory, names.error());
    const bool is_chart = std::binary_search(names->begin(), names->end(), "Chart.yaml");
    in_chart = in_chart || is_chart;
    for (const auto& name : *names) {
      const auto path = join(directory, name);
      struct stat seen {};
      const bool is_manifest = is_manifest_name(name, options_);
      if (::lstat(path.c_str(), &seen) != 0) {
        if (is_manifest) trouble(path, system_error(path, kRead, errno));
        continue;
      }
      const bool is_link = S_ISLNK(seen.st_mode);
      if (is_link && ::stat(path.c_str(), &seen) != 0) {
        if (is_manifest) trouble(path, system_error(path, kRead, errno));
        continue;
      }
      if (S_ISDIR(seen.st_mode))
        add_directory(path, name, is_link, is_chart, in_chart, depth);
      else if (is_manifest)
        add_manifest(path, name, seen, in_chart);
      if (is_full_ || out_.troubles.size() > kMostTroubles) return;
    }
  }

  void add_directory(const std::string& path, const std::string& name, bool is_link, bool is_chart,
                     bool in_chart, std::size_t depth) {
    if (!options_.recursive) return;
    if (name.starts_with('.')) {
      ++out_.left_out.hidden;
    } else if (is_link) {
      ++out_.left_out.linked_directories;
    } else if (is_chart && name == "templates") {
      Collector templates(options_);
      templates.walk(path, depth + 1, true);
      out_.left_out.templates += templates.out_.inputs.size();
    } else {
      walk(path, depth + 1, in_chart);
    }
  }

  void add_manifest(const std::string& path, const std::string& name, const struct stat& seen,
                    bool in_chart) {
    if (name.starts_with('.'))
      ++out_.left_out.hidden;
    else if (!S_ISREG(seen.st_mode))
      trouble(path, refuse(path, "it is no regular file but a device, pipe or socket", "move it elsewhere"));
    else
      add_file(path, seen, false, in_chart);
  }

  static constexpr std::size_t kMostTroubles = 100;

  const CollectOptions options_;
  Collected out_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::size_t doubles_ = 0;
  bool has_standard_input_ = false;
  bool is_full_ = false;
};

}  // namespace

Collected collect(std::span<const std::string> names, const CollectOptions& options) {
  Collector collector(options);
  for (const auto& name : names)
    collector.add_name(name);
  return collector.take();
}

}  // namespace digester::files
