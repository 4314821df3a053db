// The command line. The only unit that includes CLI11, which costs three seconds to compile.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "cli/config_file.hpp"
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

// Binds one command's flags to an options struct, and remembers which environment variable stands for which.
class Flags {
 public:
  Flags(CLI::App& app, const char* group) : app_(&app), group_(group) {}
  Flags in(const char* group) const { return Flags(*app_, group); }

  CLI::Option* text(const std::string& flag, std::string& target, const std::string& help,
                    const char* type = "TEXT") {
    return keep(app_->add_option(flag, target, help)->type_name(type)->take_last()->capture_default_str());
  }
  template <typename T>
  CLI::Option* number(const std::string& flag, T& target, const std::string& help, T low, T high) {
    return keep(app_->add_option(flag, target, help)
                    ->check(CLI::Range(low, high).description(""))
                    ->type_name("N")
                    ->take_last()
                    ->capture_default_str());
  }
  CLI::Option* toggle(const std::string& flag, bool& target, const std::string& help) {
    return keep(app_->add_flag(flag, target, help));
  }
  // Split here: CLI11's own delimiter takes a value of nothing but commas for no value, and the next flag for
  // the value.
  CLI::Option* list(const std::string& flag, std::vector<std::string>& target, const std::string& help,
                    const char* type) {
    return keep(app_->add_option_function<std::vector<std::string>>(
                        flag,
                        [&target](const std::vector<std::string>& values) {
                          target.clear();
                          for (const auto& value : values)
                            for (const auto part : text::split(value, ','))
                              if (!text::is_blank(part)) target.emplace_back(text::trim(part));
                        },
                        help)
                    ->type_name(type)
                    ->allow_extra_args(false)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  CLI::Option* duration(const std::string& flag, Duration& target, const std::string& help,
                        Duration low = {}) {
    return keep(app_->add_option_function<std::string>(
                        flag,
                        [&target, flag, low](const std::string& value) {
                          const auto parsed = parse_duration(value);
                          if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
                          if (*parsed < low)
                            throw CLI::ValidationError(
                                flag, fmt::format("must be at least {}", format_duration(low)));
                          target = *parsed;
                        },
                        help)
                    ->type_name("DURATION")
                    ->take_last()
                    ->default_str(format_duration(target)));
  }
  CLI::Option* bytes(const std::string& flag, std::uint64_t& target, const std::string& help,
                     std::uint64_t low) {
    return keep(app_->add_option_function<std::string>(
                        flag,
                        [&target, flag, low](const std::string& value) {
                          const auto parsed = parse_bytes(value);
                          if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
                          if (*parsed < low)
                            throw CLI::ValidationError(flag, fmt::format("must be at least {} bytes", low));
                          target = *parsed;
                        },
                        help)
                    ->type_name("SIZE")
                    ->take_last()
                    ->default_str(target % (1 << 20) == 0 ? fmt::format("{}Mi", target >> 20)
                                                          : fmt::format("{}", target)));
  }

 private:
  CLI::Option* keep(CLI::Option* option) { return option->group(group_); }
  CLI::App* app_;
  const char* group_;
};

using EnvironmentNames = std::vector<std::pair<CLI::Option*, const char*>>;

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

void add_registry_flags(Flags flags, RegistryOptions& o) {
  flags = flags.in("Registries");
  flags.list("--insecure-registries", o.insecure_registries,
             "Registries that need no TLS: https is tried first, then http; http://HOST: http alone. Hosts, "
             "host:port, CIDRs. Listing a loopback registry also admits its address",
             "HOST,…");
  flags.list("--realm-allow", o.realm_allow,
             "Let REGISTRY's credentials go to the token service at HOST, where the two are not of one site",
             "REGISTRY=HOST");
  flags.list("--redirect-allow", o.redirect_allow, "Private hosts or CIDRs that a registry may redirect to",
             "HOST,…");
  flags.list("--ca-file", o.ca_files, "PEM file of certificate authorities to trust besides the system's",
             "FILE");
  flags.number("--registry-concurrency", o.registry_concurrency, "Exchanges at a time with one registry", 1U,
               1024U);
}

const std::map<std::string, Level>& levels() {
  static const std::map<std::string, Level> all{
      {"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}};
  return all;
}

void add_webhook(CLI::App& app, WebhookOptions& o, EnvironmentNames& env, std::string& config) {
  Flags flags(app, "Server");
  flags.text("--config", config,
             "YAML file with any of these flags as keys; the command line and the environment win", "FILE");
  flags.text("--listen-address", o.listen_address, "Address to listen on; empty: all of IPv4 and IPv6",
             "ADDRESS");
  flags.number<std::uint16_t>("--port", o.port, "Webhook port (TLS)", 0, 65535);
  flags.text("--cert-dir", o.cert_dir, "Directory with tls.crt and tls.key, read again when they change",
             "DIR");
  flags.text("--health-addr", o.health_addr, "Where /healthz and /readyz answer (plain http); 0: nowhere",
             "HOST:PORT");
  flags.text("--metrics-addr", o.metrics_addr, "Where /metrics answers (plain http); 0: nowhere",
             "HOST:PORT");
  flags.number("--threads", o.threads, "Admission threads; 0: as many as the cgroup's CPU limit allows", 0U,
               256U);
  env.emplace_back(
      flags.toggle("--offline", o.offline, "Do not talk to the Kubernetes API (no pull secrets)"), "OFFLINE");
  flags.toggle("--disable-cert-rotation", o.disable_cert_rotation,
               "Serve the files of --cert-dir; make and rotate nothing");
  env.emplace_back(
      flags.text("--kubeconfig", o.kubeconfig, "kubeconfig file for use outside a cluster", "FILE"),
      "KUBECONFIG");
  env.emplace_back(flags.text("--pod-name", o.pod_name, "This pod's name, for logs"), "POD_NAME");
  env.emplace_back(flags.text("--pod-namespace", o.pod_namespace,
                              "This server's own namespace, whose objects pass untouched"),
                   "POD_NAMESPACE");
  flags.duration("--drain", o.drain,
                 "After SIGTERM: keep answering this long, not ready; a second signal stops at once");
  flags.duration("--admission-budget", o.admission_budget,
                 "Longest time for one review, whatever the API server allows",
                 std::chrono::milliseconds(10));
  app.add_option_function<std::string>(
         "--log-level",
         [&o](const std::string& v) {
           const auto known = levels().find(text::to_lower(v));
           if (known == levels().end())
             throw CLI::ValidationError(
                 "--log-level", "\"" + text::printable(v, 32) + "\" is none of debug, info, warn, error");
           o.log_level = known->second;
         },
         "debug, info, warn or error")
      ->take_last()
      ->type_name("LEVEL")
      ->default_str("info")
      ->group("Server");
  app.add_option_function<std::string>(
         "--log-format",
         [&o](const std::string& v) { o.log_format = v == "json" ? LogFormat::json : LogFormat::text; },
         "json or text; default: text on a terminal, json otherwise")
      ->take_last()
      ->check(CLI::IsMember({"json", "text"}).description(""))
      ->type_name("FORMAT")
      ->group("Server");

  flags = flags.in("Policy");
  flags.toggle("--dry-run", o.policy.dry_run, "Never patch; say in warnings what would be done");
  flags.toggle("--ignore-errors", o.policy.ignore_errors,
               "Admit what cannot be resolved (the same as --on-error=admit)");
  flags
      .text("--on-error", o.policy.on_error,
            "What cannot be resolved is refused; admit-controlled: admitted with a warning if a controller "
            "creates it; admit: always "
            "admitted with a warning (default: refuse)",
            "refuse|admit-controlled|admit")
      ->check(CLI::IsMember({"refuse", "admit-controlled", "admit"}).description(""));
  flags
      .text("--on-reapply", o.policy.on_reapply,
            "Applying name:tag over our name:tag@digest: resolve asks the registry anew, keep puts the "
            "digest back",
            "resolve|keep")
      ->check(CLI::IsMember({"resolve", "keep"}).description(""));
  env.emplace_back(
      flags.text("--skip-prefixes", o.policy.skip_prefixes,
                 "Colon-separated prefixes of images to leave alone (cannot hold a port: see --skip-prefix)",
                 "A:B"),
      "SKIP_PREFIXES");
  flags.list("--skip-prefix", o.policy.skip_prefix,
             "Prefix of images to leave alone; repeatable, may hold a port", "PREFIX");
  flags.list("--skip-owners", o.policy.skip_owners,
             "Owners whose Pods are left alone, as group/Kind; replaces the built-in list of operators that "
             "compare image strings (postgresql.cnpg.io/Cluster, acid.zalan.do/postgresql, "
             "operators.coreos.com/CatalogSource)",
             "GROUP/KIND,…");
  flags.toggle("--digest-only", o.policy.digest_only,
               "Write name@digest without the tag, for runtimes that refuse both");

  flags = flags.in("Cache");
  flags.duration("--cache-ttl", o.cache.ttl, "How long a digest counts as fresh for what controllers create");
  flags.duration("--apply-ttl", o.cache.apply_ttl,
                 "The same for what people and pipelines apply; 0: always ask");
  flags.duration("--cache-negative-ttl", o.cache.negative_ttl, "How long \"no such image\" is remembered");
  flags.duration(
      "--cache-stale", o.cache.stale,
      "How old an answer may be when its registry fails, or has just failed several times in a row "
      "(up to a minute then passes before it is asked again)");
  flags.duration("--cache-slow", o.cache.slow,
                 "After this long, controllers' objects get a known older answer");
  flags.bytes("--cache-size", o.cache.bytes, "Memory for cached digests", 64 << 10);
  flags.number<std::uint64_t>("--cache-entries", o.cache.entries, "Cached digests at most", 16, 100'000'000);

  add_registry_flags(flags, o.registry);

  flags = flags.in("Limits");
  flags.number<std::uint64_t>("--max-connections", o.limits.max_connections, "Connections at a time", 1,
                              1'000'000);
  flags.bytes("--max-bytes-in-flight", o.limits.max_bytes_in_flight,
              "Request bytes held at a time; over it: 429 with Retry-After", 1 << 20);
  flags.bytes("--max-body", o.limits.max_body, "Largest request body; over it: 413", 1 << 10);
  flags.bytes("--max-waiting-bytes", o.limits.max_waiting_bytes,
              "Memory for reviews that wait for registries; over it: 429 with Retry-After", 1 << 20);
  const auto least = std::chrono::milliseconds(1);
  flags.duration("--lookup-timeout", o.limits.lookup_timeout,
                 "For one look-up at a registry, whoever still waits for it", std::chrono::milliseconds(10));
  flags.duration("--handshake-timeout", o.limits.handshake_timeout, "For a TLS handshake", least);
  flags.duration("--header-timeout", o.limits.header_timeout, "For a request's head, from its first byte",
                 least);
  flags.duration("--body-timeout", o.limits.body_timeout, "For a request's body", least);
  flags.duration("--write-timeout", o.limits.write_timeout, "For a client to take its answer", least);
  flags.duration("--idle-timeout", o.limits.idle_timeout,
                 "For an idle connection; at least 91s, since the API server reuses one for 90s",
                 std::chrono::seconds(91));
  app.footer(
      "Examples:\n"
      "  digester webhook --offline --disable-cert-rotation --cert-dir certs\n"
      "  digester webhook --on-error=admit-controlled --skip-prefix=registry.local:5000/base/ "
      "--cache-ttl=5m\n\n"
      "Environment: DEBUG, OFFLINE, KUBECONFIG, SKIP_PREFIXES, POD_NAME, POD_NAMESPACE stand for the flags "
      "of those names;\n"
      "HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR, DOCKER_CONFIG, DOCKER_AUTH_CONFIG as "
      "everywhere.\n"
      "SIGTERM drains; a second one stops at once.");
}

void add_digest(CLI::App& app, DigestOptions& o, bool& verbose) {
  Flags flags(app, "Options");
  app.add_option("IMAGE", o.images, "Images, as a manifest names them")
      ->required()
      ->type_name("")
      ->group("Arguments");
  flags.toggle("--full", o.full, "Print name:tag@digest instead of the digest alone");
  app.add_option_function<std::string>(
         "-o,--output", [&o](const std::string& v) { o.json = v == "json"; }, "text or json")
      ->take_last()
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->type_name("FORMAT")
      ->default_str("text")
      ->group("Options");
  flags.text("--platform", o.platform, "The digest of one platform's manifest instead of the index",
             "OS/ARCH[/VARIANT]");
  flags.duration("--timeout", o.timeout, "For all images together", std::chrono::milliseconds(1));
  flags.toggle("-v,--verbose", verbose, "Say on standard error what is asked of whom");
  add_registry_flags(flags, o.registry);
  app.footer(
      "Credentials come from the docker configuration (DOCKER_AUTH_CONFIG, DOCKER_CONFIG, "
      "~/.docker/config.json, …).\n"
      "A loopback registry is asked over https first, then over http. An image that names a digest is "
      "printed "
      "as it is,\nunasked.\n"
      "Exit codes: 0 all found, 1 some were not, 2 wrong usage, 3 standard output cannot be written.\n\n"
      "Examples:\n"
      "  digester digest nginx:1.27\n"
      "  digester digest --full --platform linux/arm64 debian:12 127.0.0.1:5000/team/web:1.10");
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
