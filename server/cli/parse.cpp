// The command line: which command, and where values come from.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/config_file.hpp"
#include "cli/nearest.hpp"
#include "cli/options.hpp"

namespace digester::cli {
namespace {

constexpr int kUsageError = 2;

// Flag and meaning, the meaning folded to the width of a terminal.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(kColumn); }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string left = "  " + make_option_name(option, is_positional) + make_option_opts(option);
    std::string out = left;
    std::size_t at = left.size();
    if (at + 1 >= kColumn) {
      out += '\n';
      at = 0;
    }
    bool first = true;
    const std::string description = make_option_desc(option);
    for (const auto word : text::split(description, ' ')) {
      if (!first && at + 1 + word.size() > kWidth) {
        out += '\n';
        at = 0;
        first = true;
      }
      if (first) {
        out.append(kColumn - at, ' ');
        at = kColumn;
      } else {
        out += ' ';
        ++at;
      }
      out.append(word);
      at += word.size();
      first = false;
    }
    return out + "\n";
  }

 private:
  static constexpr std::size_t kColumn = 32;
  static constexpr std::size_t kWidth = 110;
};

constexpr const char* kHelpKeys = "keys are the flags of `digester {} --help` without their dashes";

// What CLI11 says of a flag, without the flag's name before it.
std::string without_name(const CLI::Option& option, std::string_view message) {
  const auto name = option.get_name() + ": ";
  if (message.starts_with(name)) message.remove_prefix(name.size());
  return std::string(message);
}

// Gives an option that the command line left alone its value from elsewhere, through the same checks.
void supply(CLI::Option* option, const std::vector<std::string>& values, const std::string& source) {
  if (option->count() != 0) return;
  try {
    for (const auto& value : values)
      option->add_result(value);
    option->run_callback();
  } catch (const CLI::ParseError& e) {
    throw CLI::ValidationError(source, without_name(*option, e.what()));
  }
}

void apply_environment(const EnvironmentNames& names, const Environment& environment) {
  for (const auto& [option, name, when_true] : names) {
    const auto value = environment(name);
    if (!value || value->empty()) continue;
    if (!when_true) {
      supply(option, {*value}, name);
      continue;
    }
    const auto on = parse_boolean(*value);
    if (!on) throw CLI::ValidationError(name, Flags::quoted(*value) + " is neither true nor false");
    if (*on) supply(option, {when_true}, name);
  }
}

// Long names without their dashes.
std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames())
      names.push_back(name);
  return names;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names,
                         std::string_view dashes) {
  const auto meant = nearest(name, names);
  return meant.empty() ? std::string() : fmt::format("; did you mean {}{}?", dashes, meant);
}

CLI::Option* option_of(CLI::App& app, const Setting& setting, const std::string& source) {
  const auto& name = setting.name;
  if (name == "config") throw CLI::ValidationError(source, "\"config\" cannot stand in a configuration file");
  if (auto* option = app.get_option_no_throw("--" + name); option && name != "help") return option;
  const auto bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  throw CLI::ValidationError(
      source, fmt::format("unknown key {}{}; {}", Flags::quoted(name), did_you_mean(bare, flags_of(app), ""),
                          fmt::format(kHelpKeys, app.get_name())));
}

void apply_config(CLI::App& app, const std::string& path) {
  const auto settings = read_config_file(path);
  if (!settings) throw CLI::ValidationError(settings.error().message);
  for (const auto& setting : *settings) {
    const auto source = fmt::format("--config {}:{}", path, setting.line);
    auto* option = option_of(app, setting, source);
    const bool takes_list = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    if (setting.is_list && !takes_list)
      throw CLI::ValidationError(source, fmt::format("\"{}\" takes one value, not a list", setting.name));
    // CLI11 does not know of a list that was given and is empty.
    const auto& values = setting.values.empty() ? std::vector<std::string>{""} : setting.values;
    supply(option, values, fmt::format("{}: {}", source, setting.name));
  }
}

// "--flag=" is the empty value: CLI11 would take the next argument for it. From the last to the first, as
// CLI11 wants them.
std::vector<std::string> with_empty_values(const CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  bool plain = false;  // behind "--"
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const auto* option =
        !plain && text.starts_with("--") ? app.get_option_no_throw(text.substr(0, text.find('='))) : nullptr;
    plain = plain || text == "--";
    const bool takes_value = option && option->get_items_expected_max() > 0;
    if (!option || text.find('=') + 1 != text.size()) {
      arguments.push_back(text);
      if (takes_value && text.find('=') == std::string::npos && i + 1 < argc)
        arguments.emplace_back(argv[++i]);
      continue;
    }
    if (!takes_value) throw CLI::ValidationError(option->get_name(), "\"\" is neither true nor false");
    arguments.push_back(text.substr(0, text.size() - 1));
    arguments.emplace_back();
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

Exit usage_error(const std::string& command, std::string_view why) {
  return {kUsageError, fmt::format("{}: {}\nRun \"{} --help\" for usage.\n", command,
                                   text::printable(why, 1024), command)};
}

// Why the command line of this command is not understood.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto rest = app.remaining();
  for (const auto& text : rest) {
    if (!text.starts_with('-') || text == "-" || text == "--") continue;
    const auto flag = text.substr(0, text.find('='));
    const auto bare = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
    return fmt::format("there is no flag {}{}", Flags::quoted(flag), did_you_mean(bare, flags_of(app), "--"));
  }
  if (!rest.empty() && dynamic_cast<const CLI::ExtrasError*>(&error)) {
    const auto places = app.get_options([](const CLI::Option* option) { return option->get_positional(); });
    return fmt::format("unexpected argument {}: it takes {}", Flags::quoted(rest.front()),
                       places.empty() ? "flags alone" : fmt::format("one {}", places.back()->get_name(true)));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    const std::string_view message = error.what();
    return fmt::format("{} needs a value", message.substr(0, message.find(':')));
  }
  return error.what();
}

// A command, and where its flags' values come from.
struct Offered {
  const Command* command;
  CLI::App* app;
  Declared declared;
};

std::vector<Offered> offer(CLI::App& root) {
  std::vector<Offered> out;
  for (const auto& command : commands()) {
    const std::string_view name = command.name;
    const auto space = name.find(' ');
    CLI::App* parent = &root;
    if (space != std::string_view::npos) {
      const std::string group(name.substr(0, space));
      const auto same = root.get_subcommands([&](CLI::App* app) { return app->get_name() == group; });
      parent =
          same.empty() ? root.add_subcommand(group, about_group(group))->require_subcommand(1) : same.front();
    }
    auto* app = parent->add_subcommand(std::string(name.substr(space + 1)), command.about);
    out.push_back({&command, app, command.declare(*app)});
  }
  return out;
}

// Which command the words name, and nothing if none.
const Offered* offered_by(const std::vector<Offered>& offered, int count, const char* const* words) {
  for (const auto& one : offered) {
    const auto names = text::split(one.command->name, ' ');
    if (static_cast<std::size_t>(count) > names.size() &&
        std::equal(names.begin(), names.end(), words + 1,
                   [](auto name, const char* word) { return name == word; }))
      return &one;
  }
  return nullptr;
}

// What the app is called with all before it: "digester setters create".
std::string full_name(const CLI::App& app) {
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

std::string help_of(const CLI::App& app) {
  return app.help(app.get_parent() ? full_name(*app.get_parent()) : "");
}

// The deepest app that the words name.
const CLI::App& reached(const CLI::App& root, int count, const char* const* words) {
  const CLI::App* at = &root;
  for (int i = 1; i < count; ++i) {
    const auto apps = at->get_subcommands([&](const CLI::App* app) { return app->get_name() == words[i]; });
    if (apps.empty()) break;
    at = apps.front();
  }
  return *at;
}

// No command was named: which one was meant?
Exit no_command(const CLI::App& root, int argc, const char* const* argv) {
  const auto& group = reached(root, argc, argv);
  const auto name = full_name(group);
  const auto depth = static_cast<int>(text::split(name, ' ').size());
  if (argc == depth) return Exit{kUsageError, help_of(group)};
  const std::string_view word = argv[depth];
  if (word.starts_with('-'))
    return usage_error(name, fmt::format("there is no flag {} before a command", Flags::quoted(word)));
  std::vector<std::string> names;
  for (const auto* known : group.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(known->get_name());
  return usage_error(
      name, fmt::format("there is no command {}{}", Flags::quoted(word), did_you_mean(word, names, "")));
}

}  // namespace

Action parse(int argc, const char* const* argv, const Environment& environment) {
  CLI::App app(
      "digester puts the digest behind an image tag: in a cluster as an admission webhook,\n"
      "before it in manifests, and on the command line for the images you name.",
      "digester");
  app.formatter(std::make_shared<HelpFormatter>());  // subcommands inherit it
  app.require_subcommand(1);
  const auto offered = offer(app);
  app.footer(  // now that there are the subcommands, which would inherit it
      "Start here:\n"
      "  digester digest nginx:1.27        the digest behind a tag\n"
      "  digester resolve -f app.yaml      a manifest with the digests of its images\n"
      "  digester webhook --help           the server, its flags and defaults\n"
      "  kubectl label namespace NAME digest-resolution=enabled\n"
      "                                    switches a namespace on, once the webhook is installed");
  app.set_version_flag("--version", std::string());
  const auto* called = offered_by(offered, argc, argv);
  try {
    if (argc == 2 && std::string_view(argv[1]) == "--version") return VersionOptions{};
    if (argc >= 2 && std::string_view(argv[1]) == "help") {
      const auto& about = reached(app, argc - 1, argv + 1);
      if (text::split(full_name(about), ' ').size() == static_cast<std::size_t>(argc - 1))
        return Exit{0, help_of(about)};
      if (argv[argc - 1][0] != '-') return no_command(app, argc - 1, argv + 1);
    }
    app.parse(with_empty_values(called ? *called->app : app, argc, argv));
    if (!called) return no_command(app, argc, argv);
    apply_environment(called->declared.environment, environment);
    if (const auto& config = called->declared.config; config && called->app->count("--config") != 0)
      apply_config(*called->app, *config);
    return called->declared.action();
  } catch (const CLI::CallForHelp&) {
    return Exit{0, help_of(reached(app, argc, argv))};
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return Exit{0, std::string(e.what()) + "\n"};
    if (called) return usage_error(full_name(*called->app), explain(*called->app, e));
    return no_command(app, argc, argv);
  }
}

}  // namespace digester::cli
