#include "cli/function_call.hpp"

#include <sys/stat.h>

#include <array>
#include <string_view>

namespace digester::cli {
namespace {

bool is_file(const char* path) {
  struct stat about {};
  return ::stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

std::optional<Action> function_call(int argc, const char* const* argv, const Environment& environment,
                                    bool is_terminal) {
  const bool is_bare = argc <= 1 && !is_terminal;
  const auto config = environment("KUSTOMIZE_PLUGIN_CONFIG_STRING");
  // kustomize gives the whole path: no command is mistaken for one.
  const bool is_plugin =
      argc > 1 && config && std::string_view(argv[1]).find('/') != std::string_view::npos && is_file(argv[1]);
  if (!is_bare && !is_plugin) return std::nullopt;
  constexpr std::array<const char*, 2> kAsFunction{"digester", "fn"};
  auto action = parse(static_cast<int>(kAsFunction.size()), kAsFunction.data(), environment);
  if (auto* options = std::get_if<FnOptions>(&action); options && is_plugin) options->plugin_config = *config;
  return action;
}

}  // namespace digester::cli
