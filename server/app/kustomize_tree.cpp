#include "app/kustomize_tree.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <system_error>

#include "app/kustomization_files.hpp"
#include "app/place.hpp"
#include "base/text.hpp"
#include "files/read.hpp"

namespace digester::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDeepest = 100;

Result<KustomizationFile> read_one(const std::string& directory) {
  auto path = kustomization_in(directory);
  if (!path) return fail(std::move(path.error()));
  auto text = files::read_file(*path);
  if (!text) return fail(std::move(text.error()));
  auto content = kustomization::read(*text);
  if (!content) return fail(content.error().kind, at_place(*path, content.error().message));
  return KustomizationFile{directory, std::move(*path), std::move(*text), std::move(*content)};
}

class Walk {
 public:
  explicit Walk(bool recursive) : recursive_(recursive) {}

  Result<void> root(const std::string& directory, std::size_t depth) {
    auto own = read_one(directory);
    if (!own) return fail(std::move(own.error()));
    KustomizeRoot root{std::move(*own), {}};
    if (recursive_)
      if (auto done = sources(root.own, root, depth); !done) return done;
    out.push_back(std::move(root));
    return {};
  }

  std::vector<KustomizeRoot> out;

 private:
  // `of` is the root's own file, or one of its components.
  Result<void> sources(const KustomizationFile& of, KustomizeRoot& root, std::size_t depth) {
    if (depth > kDeepest)
      return fail(ErrorKind::too_large, fmt::format("{}: kustomizations more than {} deep in each other",
                                                    text::printable(of.path), kDeepest));
    // Components are read into the list that they come from.
    const auto directory = of.directory;
    const auto all = of.content.sources;
    for (const auto& source : all) {
      const auto path = beside(directory, source.path);
      std::error_code ignored;
      if (source.path.find('\n') != std::string::npos || !fs::is_directory(path, ignored)) continue;
      if (!seen_.insert(fs::weakly_canonical(path, ignored).string()).second) continue;
      if (!source.is_component) {
        if (auto done = this->root(path, depth + 1); !done) return done;
        continue;
      }
      auto component = read_one(path);
      if (!component) return fail(std::move(component.error()));
      if (auto done = sources(*component, root, depth + 1); !done) return done;
      root.components.push_back(std::move(*component));
    }
    return {};
  }

  bool recursive_;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::vector<KustomizeRoot>> read_kustomize_tree(const std::string& directory, bool recursive) {
  Walk walk(recursive);
  if (auto done = walk.root(beside(directory, "."), 0); !done) return fail(std::move(done.error()));
  return std::move(walk.out);
}

}  // namespace digester::app
