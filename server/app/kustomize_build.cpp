#include "app/kustomize_build.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "app/kustomization_files.hpp"
#include "base/text.hpp"
#include "process/run.hpp"

namespace digester::app {
namespace {

namespace fs = std::filesystem;
using yaml::Tree;

bool is_function(const Tree& object) {
  const auto* metadata = object.find("metadata");
  const auto* annotations = metadata != nullptr ? metadata->find("annotations") : nullptr;
  if (annotations == nullptr) return false;
  return annotations->find("config.kubernetes.io/function") != nullptr ||
         annotations->find("config.k8s.io/function") != nullptr;
}

constexpr const char* kFunctionFlags = "--enable-alpha-plugins --enable-exec";
constexpr const char* kHelmFlag = "--enable-helm";

// How to build with these flags, where the command that asks has --builder and where it has not.
std::string build_with(std::string_view flags, bool has_builder) {
  return has_builder ? fmt::format("give --builder \"kustomize build {}\"", flags)
                     : fmt::format("kustomize build {} DIR | digester resolve -f -", flags);
}

// Looks for functions in a kustomization and all that it is made of.
class Search {
 public:
  explicit Search(bool has_builder) : has_builder_(has_builder) {}

  // `plugins`: what it builds configures transformers, generators or validators.
  Result<void> directory(const std::string& path, bool plugins) {
    if (!seen_.insert(path + (plugins ? "+" : "")).second) return {};
    const auto file = kustomization_in(path);
    if (!file) return {};  // kustomize's to complain of
    const auto trees = read_trees_of(*file);
    if (!trees) return {};
    for (const auto& tree : *trees) {
      for (const auto* key : {"resources", "components", "bases"})
        if (auto fine = entries(path, tree, key, plugins); !fine) return fine;
      for (const auto* key : {"transformers", "generators", "validators"})
        if (auto fine = entries(path, tree, key, true, *file); !fine) return fine;
    }
    return {};
  }

 private:
  Result<void> entries(const std::string& directory_path, const Tree& tree, const char* key, bool plugins,
                       const std::string& inline_in = {}) {
    for (const auto& entry : texts_of(tree, key)) {
      if (entry.find('\n') != std::string::npos) {
        const auto line = tree.find(key)->line;
        if (auto fine = inline_object(entry, inline_in, line); !fine) return fine;
        continue;
      }
      const auto path = beside(directory_path, entry);
      std::error_code ignored;
      const auto status = fs::status(path, ignored);
      if (fs::is_directory(status)) {
        if (auto fine = directory(path, plugins); !fine) return fine;
      } else if (plugins && fs::is_regular_file(status)) {
        if (auto fine = object_file(path); !fine) return fine;
      }
    }
    return {};
  }

  Result<void> inline_object(const std::string& text, const std::string& file, std::size_t line) const {
    const auto trees = yaml::read_trees(text);
    if (!trees) return {};
    for (const auto& tree : *trees)
      if (is_function(tree)) return refuse(file, line);
    return {};
  }

  Result<void> object_file(const std::string& path) const {
    const auto trees = read_trees_of(path);
    if (!trees) return {};
    for (const auto& tree : *trees)
      if (is_function(tree)) return refuse(path, tree.line);
    return {};
  }

  tl::unexpected<Error> refuse(const std::string& file, std::size_t line) const {
    return fail(
        ErrorKind::unsupported,
        fmt::format("{}:{}: this is a function, which kustomize leaves out without a word unless it is "
                    "allowed to run it; build with the flags that it needs: {}",
                    text::printable(file), line, build_with(kFunctionFlags, has_builder_)));
  }

  const bool has_builder_;
  std::set<std::string> seen_;
};

Result<std::vector<std::string>> command_for(const std::string& directory, std::string_view builder) {
  // A directory may begin with a dash.
  const auto argument = directory.starts_with('-') ? "./" + directory : directory;
  if (!text::is_blank(builder)) {
    std::vector<std::string> words;
    for (const auto word : text::split(builder, ' '))
      if (!word.empty()) words.emplace_back(word);
    words.push_back(argument);
    return words;
  }
  if (!process::find_program("kustomize").empty())
    return std::vector<std::string>{"kustomize", "build", argument};
  if (!process::find_program("kubectl").empty())
    return std::vector<std::string>{"kubectl", "kustomize", argument};
  return fail(ErrorKind::not_found,
              "kustomize or kubectl is needed, and neither is in PATH; install one, or pipe what builds your "
              "manifests "
              "into digester resolve -f -");
}

}  // namespace

Result<KustomizeBuild> build_kustomization(const std::string& directory,
                                           std::optional<std::string_view> chosen) {
  const auto builder = chosen.value_or("");
  auto file = kustomization_in(directory);
  if (!file) return fail(std::move(file.error()));
  if (text::is_blank(builder))
    if (auto fine = Search(chosen.has_value()).directory(directory, false); !fine)
      return fail(std::move(fine.error()));
  auto words = command_for(directory, builder);
  if (!words) return fail(std::move(words.error()));
  const auto called = text::printable(fmt::format("{}", fmt::join(*words, " ")));
  process::Command command;
  command.arguments = std::move(*words);
  auto ended = process::run(command);
  if (!ended) return fail(std::move(ended.error()));
  if (ended->exit_code != 0) {
    auto why = process::last_words(*ended);
    if (ended->errors.find(kHelmFlag) != std::string::npos)
      why += "; " + build_with(kHelmFlag, chosen.has_value());
    return fail(ErrorKind::invalid,
                fmt::format("{}: failed with status {}: {}", called, ended->exit_code, why));
  }
  return KustomizeBuild{std::move(*file), std::move(ended->output)};
}

}  // namespace digester::app
