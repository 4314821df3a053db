// The flags of `digester webhook`.
#include <map>

#include "base/object_name.hpp"
#include "cli/commands.hpp"
#include "kube/text/label_selector.hpp"

namespace digester::cli {
namespace {

const std::map<std::string, Level>& levels() {
  static const std::map<std::string, Level> all{
      {"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}};
  return all;
}

CLI::Validator namespace_name() {
  return CLI::Validator(
      [](std::string& text) {
        return is_namespace_name(text) || text.empty()
                   ? std::string()
                   : Flags::quoted(text) + " is no namespace: at most 63 of a-z, 0-9 and inner dashes";
      },
      "");
}

CLI::Validator label_selector() {
  return CLI::Validator(
      [](std::string& text) {
        const auto selector = kube::LabelSelector::parse(text);
        return selector ? std::string() : selector.error().message;
      },
      "");
}

}  // namespace

Declared declare_webhook(CLI::App& app) {
  auto options = std::make_shared<WebhookOptions>();
  auto& o = *options;
  Declared declared;
  declared.config = std::make_shared<std::string>();
  auto& env = declared.environment;
  Flags flags(app, "Server");
  flags.text("--config", *declared.config,
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
  env.push_back({flags.toggle("--offline", o.offline, "Do not talk to the Kubernetes API (no pull secrets)"),
                 "OFFLINE"});
  flags.toggle("--disable-cert-rotation", o.disable_cert_rotation,
               "Serve the files of --cert-dir; make and rotate nothing");
  env.push_back(
      {flags.text("--kubeconfig", o.kubeconfig, "kubeconfig file for use outside a cluster", "FILE"),
       "KUBECONFIG"});
  flags.text("--context", o.context, "The kubeconfig's context to use; default: its current one", "NAME");
  env.push_back({flags.text("--pod-name", o.pod_name, "This pod's name, for logs"), "POD_NAME"});
  env.push_back({flags
                     .text("--pod-namespace", o.pod_namespace,
                           "This server's own namespace, whose objects pass untouched")
                     ->check(namespace_name()),
                 "POD_NAMESPACE"});
  flags
      .text("--namespace-selector", o.namespace_selector,
            "Label selector of the namespaces to serve; default: the namespaceSelector of our own webhook "
            "configuration",
            "SELECTOR")
      ->check(label_selector());
  flags
      .text("--pull-secrets", o.pull_secrets,
            "Whose pull secrets: kubelet (the Pod's, or its ServiceAccount's when it lists none), or union "
            "(both, "
            "as k8s-digester)",
            "kubelet|union")
      ->check(one_of({"kubelet", "union"}));
  constexpr std::chrono::seconds kShortestLife(10);
  constexpr std::chrono::hours kLongestLife(24 * 365 * 100);
  flags.duration(
      "--ca-lifetime", o.ca_lifetime,
      "Life of a certificate authority made from now on; a new one is added at two thirds of it; at "
      "least six times --ca-overlap",
      kShortestLife, kLongestLife);
  flags.duration(
      "--cert-lifetime", o.cert_lifetime,
      "Life of a serving certificate made from now on; renewed at two thirds of it; at least three times "
      "--ca-overlap, at most --ca-lifetime",
      kShortestLife, kLongestLife);
  flags.duration(
      "--ca-overlap", o.ca_overlap,
      "How long an old and a new certificate authority stand in the bundle together, before and after "
      "the new one signs",
      std::chrono::seconds(1), std::chrono::hours(24 * 30));
  flags.duration("--drain", o.drain,
                 "After SIGTERM: keep answering this long, not ready; a second signal stops at once", {},
                 std::chrono::hours(1));
  flags.duration("--admission-budget", o.admission_budget,
                 "Longest time for one review, whatever the API server allows",
                 std::chrono::milliseconds(10));
  env.push_back({flags.value("--log-level", "debug, info, warn or error", "LEVEL", "info",
                             [&o](const std::string& v) {
                               const auto known = levels().find(text::to_lower(v));
                               if (known == levels().end())
                                 return Flags::quoted(v) + " is none of debug, info, warn, error";
                               o.log_level = known->second;
                               return std::string();
                             }),
                 "DEBUG", "debug"});
  flags.value("--log-format", "Default: text on a terminal, json otherwise", "json|text", "",
              [&o](const std::string& v) {
                if (v != "json" && v != "text") return Flags::quoted(v) + " is none of json, text";
                o.log_format = v == "json" ? LogFormat::json : LogFormat::text;
                return std::string();
              });

  flags = flags.in("Policy");
  flags.toggle("--dry-run", o.policy.dry_run, "Never patch; say in warnings what would be done");
  flags.toggle("--ignore-errors", o.policy.ignore_errors,
               "Admit what cannot be resolved (the same as --on-error=admit)");
  flags.choice(
      "--on-error", o.policy.on_error,
      "What cannot be resolved is refused; admit-controlled: admitted with a warning if a controller "
      "creates it; admit: always admitted with a warning (default: refuse)",
      {"refuse", "admit-controlled", "admit"});
  flags.choice("--on-reapply", o.policy.on_reapply,
               "Applying name:tag over our name:tag@digest: resolve asks the registry anew, keep puts the "
               "digest back",
               {"resolve", "keep"});
  add_skip_flags(flags, o.policy.skip, env);
  flags.list("--skip-owners", o.policy.skip_owners,
             "Owners whose Pods are left alone, as group/Kind (Kind alone: of the core group); replaces the "
             "built-in list of operators that "
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
      "Environment: OFFLINE, KUBECONFIG, SKIP_PREFIXES, POD_NAME, POD_NAMESPACE stand for the flags of those "
      "names;\nDEBUG: the same as --log-level=debug.\n"
      "HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR, DOCKER_CONFIG, DOCKER_AUTH_CONFIG as "
      "everywhere.\n"
      "SIGTERM drains; a second one stops at once.\n"
      "Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong usage.");
  declared.action = [options, &app] {
    options->namespace_selector_given = app.count("--namespace-selector") != 0;
    options->policy.skip_owners_given = app.count("--skip-owners") != 0;
    if (options->limits.max_body > options->limits.max_bytes_in_flight)
      throw CLI::ValidationError(
          "--max-body must not be above --max-bytes-in-flight: no such body could come in");
    return *options;
  };
  return declared;
}

}  // namespace digester::cli
