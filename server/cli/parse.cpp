// The command line: which command, and where values come from.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/config_file.hpp"
#include "cli/flags.hpp"
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

// Gives an option that the command line left alone its value from elsewhere, through the same checks.
void supply(CLI::Option* option, const std::vector<std::string>& values, const std::string& source) {
  if (option->count() != 0) return;
  try {
    for (const auto& value : values)
      option->add_result(value);
    option->run_callback();
  } catch (const CLI::ParseError& e) {
    throw CLI::ValidationError(source, e.what());
  }
}

void apply_environment(const EnvironmentNames& names, const Environment& environment) {
  for (const auto& [option, name] : names)
    if (const auto value = environment(name); value && !value->empty()) supply(option, {*value}, name);
}

void apply_config(CLI::App& app, const std::string& path) {
  const auto settings = read_config_file(path);
  if (!settings) throw CLI::ValidationError(settings.error().message);
  for (const auto& [name, values] : *settings) {
    CLI::Option* option = name == "config" || name == "help" ? nullptr : app.get_option_no_throw("--" + name);
    if (!option)
      throw CLI::ValidationError(
          fmt::format("--config {}: unknown key \"{}\"; keys are the flags of `digester {} --help` "
                      "without their dashes",
                      path, text::printable(name, 64), app.get_name()));
    supply(option, values, fmt::format("--config {}: {}", path, name));
  }
}

bool truthy(std::string_view value) {
  const auto v = text::to_lower(value);
  return !v.empty() && v != "0" && v != "f" && v != "false" && v != "no" && v != "off";
}

}  // namespace

Action parse(int argc, const char* const* argv, const Environment& environment) {
  CLI::App app(
      "digester puts the digest behind an image tag: in a cluster as an admission webhook,\n"
      "on the command line for the images you name.",
      "digester");
  app.formatter(std::make_shared<HelpFormatter>());  // subcommands inherit it
  app.require_subcommand(1);
  app.footer(
      "Start here:\n"
      "  digester digest nginx:1.27        the digest behind a tag\n"
      "  digester webhook --help           the server, its flags and defaults\n"
      "  kubectl label namespace NAME digest-resolution=enabled\n"
      "                                    switches a namespace on, once the webhook is installed");

  WebhookOptions webhook;
  DigestOptions digest;
  VersionOptions version;
  EnvironmentNames webhook_environment;
  std::string config;
  bool verbose = false;

  CLI::App* webhook_app = app.add_subcommand("webhook", "Serve the mutating admission webhook");
  add_webhook(*webhook_app, webhook, webhook_environment, config);
  CLI::App* digest_app = app.add_subcommand("digest", "Print the digests of images");
  add_digest(*digest_app, digest, verbose);
  CLI::App* version_app = app.add_subcommand("version", "Print version, commit, compiler and libraries");
  version_app->add_flag("--json", version.json, "As a JSON object");
  version_app
      ->add_option_function<std::string>(
          "-o,--output", [&version](const std::string& v) { version.json = v == "json"; }, "text or json")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->type_name("FORMAT");
  app.set_version_flag("--version", std::string());

  try {
    if (argc == 2 && std::string_view(argv[1]) == "--version") return version;
    if (argc >= 2 && std::string_view(argv[1]) == "help") {
      for (const auto* about : {webhook_app, digest_app, version_app})
        if (argc == 3 && about->get_name() == argv[2]) return Exit{0, about->help("digester")};
      if (argc == 2) return Exit{0, app.help()};
    }
    app.parse(argc, argv);
    if (webhook_app->parsed()) {
      apply_environment(webhook_environment, environment);
      if (webhook_app->count("--config") != 0) apply_config(*webhook_app, config);
      if (const auto debug = environment("DEBUG");
          debug && truthy(*debug) && webhook_app->count("--log-level") == 0)
        webhook.log_level = Level::debug;
      webhook.policy.skip_owners_given = webhook_app->count("--skip-owners") != 0;
    }
    if (verbose) digest.log_level = Level::debug;
    if (webhook.limits.max_body > webhook.limits.max_bytes_in_flight)
      throw CLI::ValidationError(
          "--max-body must not be above --max-bytes-in-flight: no such body could come in");
  } catch (const CLI::CallForHelp&) {
    for (const auto* sub : app.get_subcommands())
      return Exit{0, sub->help("digester")};
    return Exit{0, app.help()};
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return Exit{0, std::string(e.what()) + "\n"};
    if (argc == 1) return Exit{kUsageError, app.help()};
    if (app.get_subcommands().empty() && argv[1][0] == '-')
      return Exit{kUsageError,
                  fmt::format("digester: there is no flag \"{}\" before a command\nRun \"digester "
                              "--help\" for usage.\n",
                              text::printable(argv[1], 64))};
    if (app.get_subcommands().empty())
      return Exit{kUsageError,
                  fmt::format("digester: there is no command \"{}\"\nRun \"digester --help\" for usage.\n",
                              text::printable(argv[1], 64))};
    const auto subcommands = app.get_subcommands();
    const std::string command =
        subcommands.empty() ? "digester" : "digester " + subcommands.front()->get_name();
    return Exit{kUsageError, fmt::format("{}: {}\nRun \"{} --help\" for usage.\n", command,
                                         text::printable(e.what(), 1024), command)};
  }
  if (webhook_app->parsed()) return webhook;
  if (digest_app->parsed()) return digest;
  return version;
}

}  // namespace digester::cli
