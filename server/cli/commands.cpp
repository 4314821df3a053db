#include "cli/commands.hpp"

#include <array>
#include <utility>

namespace digester::cli {
namespace {

constexpr std::array kCommands{
    Command{"resolve", "Pin the images of manifests", declare_resolve},
    Command{"fn", "Pin as a KRM function of kpt and kustomize, as a post-renderer of helm", declare_fn},
    Command{"check", "Find images of manifests that are not pinned, or not to be had", declare_check},
    Command{"kustomize", "Write digests into the images: of kustomizations", declare_kustomize},
    Command{"setters create", "Make parameters of values, in comments", declare_setters_create},
    Command{"setters apply", "Set parameters", declare_setters_apply},
    Command{"setters list", "List parameters, their values and fields", declare_setters_list},
    Command{"prepare", "Pin and label manifests for deployment, as gke-deploy prepare does", declare_prepare},
    Command{"lock update", "Look images up anew, and write their digests into a lock", declare_lock_update},
    Command{"digest", "Print the digests of images", declare_digest},
    Command{"webhook", "Serve the mutating admission webhook", declare_webhook},
    Command{"completion", "Print a script that completes commands, flags and values in a shell",
            declare_completion},
    Command{"man", "Print the manual page", declare_man},
    Command{"version", "Print version, commit, compiler and libraries", declare_version},
};

constexpr std::array kGroups{
    std::pair<std::string_view, const char*>{"setters", "Create, apply and list the setters of kpt packages"},
    std::pair<std::string_view, const char*>{"lock", "Keep the digests of images in a file"},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

const char* about_group(std::string_view name) {
  for (const auto& [group, about] : kGroups)
    if (group == name) return about;
  return "";
}

Declared declare_version(CLI::App& app) {
  auto version = std::make_shared<VersionOptions>();
  Flags flags(app, "Options");
  flags.toggle("--json", version->json, "As a JSON object");
  flags.output(version->json);
  return {[version] { return *version; }};
}

}  // namespace digester::cli
