// What a person asked for, as plain values: the command line's result, before anything is built from it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"
#include "cli/check_options.hpp"
#include "cli/fn_options.hpp"
#include "cli/kustomize_options.hpp"
#include "cli/lock_options.hpp"
#include "cli/look_up_options.hpp"
#include "cli/prepare_options.hpp"
#include "cli/registry_options.hpp"
#include "cli/resolve_options.hpp"
#include "cli/setters_options.hpp"
#include "cli/skip_options.hpp"

namespace digester::cli {

using Environment = std::function<std::optional<std::string>(std::string_view name)>;

struct CacheOptions {
  Duration ttl = std::chrono::minutes(1);
  Duration apply_ttl{};
  Duration negative_ttl = std::chrono::seconds(2);
  Duration stale = std::chrono::hours(1);
  Duration slow = std::chrono::seconds(1);
  std::uint64_t bytes = 64ULL << 20;
  std::uint64_t entries = 200'000;
};

struct PolicyOptions {
  std::string on_error;  // "refuse", "admit-controlled", "admit"; empty: refuse, or admit by --ignore-errors
  bool ignore_errors = false;
  std::string on_reapply = "resolve";  // or "keep"
  SkipOptions skip;
  std::vector<std::string> skip_owners;  // group/Kind
  bool skip_owners_given = false;
  bool digest_only = false;
  bool dry_run = false;
};

struct ServerLimits {
  std::uint64_t max_connections = 4096;
  std::uint64_t max_bytes_in_flight = 64ULL << 20;
  std::uint64_t max_body = 8ULL << 20;
  std::uint64_t max_waiting_bytes = 128ULL << 20;
  Duration lookup_timeout = std::chrono::seconds(10);
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(30);
  Duration write_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(180);
};

struct WebhookOptions {
  std::string listen_address;  // empty: every address
  std::uint16_t port = 8443;
  std::string cert_dir = "/certs";
  std::string health_addr = ":9090";
  std::string metrics_addr = ":8888";
  unsigned threads = 0;  // 0: what the cgroup allows
  bool offline = false;
  bool disable_cert_rotation = false;
  std::string kubeconfig;
  std::string context;
  std::string pod_name;
  std::string pod_namespace;
  std::string namespace_selector;  // a label selector; not given: what the webhook configuration says
  bool namespace_selector_given = false;
  std::string pull_secrets = "kubelet";  // or "union"
  // The two lives are certificate::Settings' own.
  Duration ca_lifetime = std::chrono::days(3650);
  Duration cert_lifetime = std::chrono::days(365);
  Duration ca_overlap = std::chrono::hours(1);
  Duration drain = std::chrono::seconds(15);
  Duration admission_budget = std::chrono::seconds(5);
  Level log_level = Level::info;
  std::optional<LogFormat> log_format;  // empty: text for a terminal, JSON otherwise
  ServerLimits limits;
  PolicyOptions policy;
  CacheOptions cache;
  RegistryOptions registry;
};

struct DigestOptions : LookUpOptions {
  std::vector<std::string> images;
  bool full = false;
  bool json = false;
};

struct VersionOptions {
  bool json = false;
};

// Nothing to run: help was asked for (code 0, standard output) or the usage was wrong (code 2, standard
// error).
struct Exit {
  int code = 0;
  std::string text;
};

using Action = std::variant<Exit,  //
                            ResolveOptions, FnOptions, CheckOptions, KustomizeOptions, SettersOptions,
                            PrepareOptions, LockUpdateOptions, DigestOptions, WebhookOptions, VersionOptions>;

// Flags win over the environment, that over --config, that over defaults.
Action parse(int argc, const char* const* argv, const Environment& environment);

}  // namespace digester::cli
