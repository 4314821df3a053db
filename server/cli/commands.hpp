// The table of commands. Internal to the command line.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cli/flags.hpp"

namespace digester::cli {

// What a command makes of its flags, once each has its value.
struct Declared {
  // May throw CLI::ValidationError, for values that do not go together.
  std::function<Action()> action;
  EnvironmentNames environment = {};
  std::shared_ptr<std::string> config = nullptr;  // the value of --config, where there is that flag
};

struct Command {
  const char* name;  // "digest"; of a group: "setters create"
  const char* about;
  Declared (*declare)(CLI::App& app);
};

// In the order of the help.
std::span<const Command> commands();
// What a group is about ("setters"); its commands have their own line.
const char* about_group(std::string_view name);

// For commands that read manifests, arguments included. To be called once all have their values, from the
// command's own action; `options` outlives it.
std::function<void()> add_manifest_flags(CLI::App& app, ManifestOptions& options,
                                         EnvironmentNames& environment);

// One each: flags, their help, and the examples below it.
Declared declare_webhook(CLI::App& app);
Declared declare_resolve(CLI::App& app);
Declared declare_fn(CLI::App& app);
Declared declare_check(CLI::App& app);
Declared declare_kustomize(CLI::App& app);
Declared declare_setters_create(CLI::App& app);
Declared declare_setters_apply(CLI::App& app);
Declared declare_setters_list(CLI::App& app);
Declared declare_prepare(CLI::App& app);
Declared declare_lock_update(CLI::App& app);
Declared declare_digest(CLI::App& app);
Declared declare_completion(CLI::App& app);
Declared declare_man(CLI::App& app);
Declared declare_version(CLI::App& app);

}  // namespace digester::cli
