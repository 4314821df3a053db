#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <future>
#include <memory>

#include "app/cluster.hpp"
#include "app/endpoint.hpp"
#include "app/lifetimes.hpp"
#include "app/log_sink.hpp"
#include "app/process.hpp"
#include "app/registry_client.hpp"
#include "app/run.hpp"
#include "app/status_handlers.hpp"
#include "build_info.hpp"
#include "certificate/issue.hpp"
#include "net/io_threads.hpp"
#include "net/server/server.hpp"
#include "net/server/server_tls.hpp"
#include "webhook/handler.hpp"

namespace digester::app {
namespace {

namespace asio = net::asio;
using Signals = asio::basic_signal_set<net::Executor>;

// After the drain, requests in flight may still take their own time.
constexpr auto kStopBound = std::chrono::seconds(10);

int complain(const std::string& why) {
  fmt::print(stderr, "digester webhook: {}\n", why);
  return 1;
}

Result<admission::Policy> make_policy(const cli::WebhookOptions& options) {
  const auto& o = options.policy;
  admission::Policy policy;
  if (!o.on_error.empty()) {
    policy.on_error = admission::parse_on_error(o.on_error).value();
    if (o.ignore_errors && policy.on_error != admission::OnError::admit)
      return fail(
          ErrorKind::invalid,
          fmt::format("--ignore-errors means --on-error=admit, and --on-error={} was given", o.on_error));
  } else if (o.ignore_errors) {
    policy.on_error = admission::OnError::admit;
  }
  policy.on_reapply = admission::parse_on_reapply(o.on_reapply).value();
  policy.skip_prefixes = o.skip.all();
  if (o.skip_owners_given) {
    policy.skip_owners.clear();
    for (const auto& text : o.skip_owners) {
      if (text.empty()) continue;
      auto owner = admission::parse_owner(text);
      if (!owner) return fail(std::move(owner.error()));
      policy.skip_owners.push_back(std::move(*owner));
    }
  }
  policy.digest_only = o.digest_only;
  policy.dry_run = o.dry_run;
  policy.own_namespace = options.pod_namespace;
  if (auto valid = admission::validate(policy); !valid) return fail(std::move(valid.error()));
  return policy;
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string joined(const std::vector<admission::Owner>& owners) {
  std::vector<std::string> names;
  for (const auto& [group, kind] : owners)
    names.push_back(group.empty() ? kind : group + "/" + kind);
  return joined(names);
}

// "StatefulSet" alone matches nothing: it is of the group apps.
void warn_of_owners(const admission::Policy& policy, const Logger& log) {
  for (const auto& owner : policy.skip_owners)
    if (owner.group.empty() && !admission::is_core_kind(owner.kind))
      log.warn("--skip-owners: the core group has no such kind, so it matches nothing; write group/Kind",
               {{"kind", owner.kind}});
}

// Descriptors for everything that is no connection of a client: registries, files, health, metrics.
constexpr std::uint64_t kReservedDescriptors = 640;

// Connections that the limit on open files leaves room for, the limit raised as far as we may.
std::uint64_t affordable_connections(std::uint64_t wanted, const Logger& log) {
  const auto limit = raise_file_limit();
  const auto room = limit > 2 * kReservedDescriptors ? limit - kReservedDescriptors : limit / 2;
  if (room >= wanted) return wanted;
  log.warn("--max-connections lowered: the limit on open files leaves no room for more",
           {{"wanted", wanted}, {"connections", room}, {"open_files", limit}});
  return room;
}

net::ServerOptions server_options(const cli::WebhookOptions& options, const std::string& address) {
  net::ServerOptions o;
  o.address = address;
  o.port = options.port;
  o.max_body = options.limits.max_body;
  o.max_connections = options.limits.max_connections;
  o.max_bytes_in_flight = options.limits.max_bytes_in_flight;
  o.handshake_limit = options.limits.handshake_timeout;
  o.head_limit = options.limits.header_timeout;
  o.body_limit = options.limits.body_timeout;
  o.write_limit = options.limits.write_timeout;
  o.idle_limit = options.limits.idle_timeout;
  return o;
}

net::ServerOptions status_options(std::string name, const Endpoint& endpoint) {
  net::ServerOptions o;
  o.name = std::move(name);
  o.address = endpoint.address;
  o.port = endpoint.port;
  o.max_body = 1024;
  o.max_connections = 256;
  return o;
}

// What is shown until the Secret has been read: nobody trusts it, and the server is not ready meanwhile.
Result<std::shared_ptr<net::ServerTls>> provisional_certificate(const Clock& clock) {
  const auto now = std::chrono::floor<certificate::seconds>(clock.wall());
  const auto ca = certificate::make_ca("digester, not ready yet", std::chrono::hours(24), now);
  if (!ca) return fail(ca.error());
  const auto leaf = certificate::make_serving(*ca, {"not-ready.invalid"}, std::chrono::hours(24), now);
  if (!leaf) return fail(leaf.error());
  return net::ServerTls::create(leaf->certificate_pem, leaf->key_pem);
}

// SIGTERM, SIGINT or SIGHUP: not ready, answer on with `Connection: close` for the drain, then stop. A second
// signal ends the drain at once.
net::Task<> serve_until_signal(Signals& signals, HealthHandler& health, net::Server& server,
                               const Logger& log, Duration drain) {
  const auto [first_error, first] = co_await signals.async_wait(net::use_task);
  if (first_error) co_return;
  health.drain();
  server.begin_drain();
  log.info("draining", {{"signal", first}, {"for", format_duration(drain)}});

  net::Timer timer(co_await asio::this_coro::executor, drain);
  bool hurried = false;
  signals.async_wait([&timer, &hurried, &server, &log](const boost::system::error_code& error, int) {
    if (error) return;
    hurried = true;
    log.warn("stopping at once: second signal");
    server.abort();
    timer.cancel();
  });
  co_await timer.async_wait(net::use_task);
  bool clean = false;
  if (!hurried) clean = co_await server.stop(kStopBound);
  log.info("stopped", {{"clean", clean && !hurried}});
  if (hurried) co_return;
  // The wait for a second signal points into this frame: it has to end first.
  signals.cancel();
  timer.expires_after(Duration::zero());
  co_await timer.async_wait(net::use_task);
}

}  // namespace

int run_webhook(const cli::WebhookOptions& options, const cli::Environment& environment) {
  const SystemClock clock;
  const auto started = clock.now();
  const auto policy = make_policy(options);
  if (!policy) return usage_error("webhook", policy.error().message);
  if (const auto lives = check_lifetimes(options); !lives)
    return usage_error("webhook", lives.error().message);
  const auto address = parse_listen_address("--listen-address", options.listen_address);
  if (!address) return usage_error("webhook", address.error().message);
  const auto health_endpoint = parse_endpoint("--health-addr", options.health_addr);
  if (!health_endpoint) return usage_error("webhook", health_endpoint.error().message);
  const auto metrics_endpoint = parse_endpoint("--metrics-addr", options.metrics_addr);
  if (!metrics_endpoint) return usage_error("webhook", metrics_endpoint.error().message);

  LogSink sink(STDERR_FILENO);
  const auto format =
      options.log_format.value_or(::isatty(STDERR_FILENO) ? LogFormat::text : LogFormat::json);
  const Logger log(
      clock, [&sink](std::string_view line) { sink.write(line); }, options.log_level, format);
  Metrics metrics;
  add_process_metrics(metrics);

  // Signals first: one that comes while we start must not kill us half-way.
  asio::io_context main_context(1);
  Signals signals(main_context.get_executor(), SIGTERM, SIGINT, SIGHUP);
  std::signal(SIGPIPE, SIG_IGN);

  net::IoThreads registry_thread(1, "registry");
  HealthHandler health;
  std::unique_ptr<net::CertificateFiles> files;
  std::shared_ptr<net::ServerTls> tls;
  if (options.disable_cert_rotation) {
    auto opened = net::CertificateFiles::open(main_context, options.cert_dir + "/tls.crt",
                                              options.cert_dir + "/tls.key", clock, log, metrics);
    if (!opened) return complain(opened.error().message);
    files = std::move(*opened);
    tls = files->tls();
  } else {
    auto provisional = provisional_certificate(clock);
    if (!provisional) return complain(provisional.error().message);
    tls = std::move(*provisional);
  }
  std::unique_ptr<Cluster> cluster;
  if (!options.offline || !options.disable_cert_rotation) {
    auto found =
        Cluster::create(*registry_thread.contexts().front(), options, environment, clock, log, metrics,
                        {[tls](const std::string& certificate, const std::string& key) {
                           return tls->replace(certificate, key);
                         },
                         [&health](bool ready) { health.set_ready(ready); }});
    if (!found)
      return complain(found.error().message +
                      (options.offline
                           ? " (--offline alone still keeps certificates in the API: add "
                             "--disable-cert-rotation, and put them into --cert-dir)"
                           : " (without a cluster: --offline --disable-cert-rotation and certificates "
                             "in --cert-dir)"));
    cluster = std::move(*found);
  }
  auto registry = RegistryClient::create(
      *registry_thread.contexts().front(), options.registry, options.cache, options.limits.lookup_timeout,
      {Duration::zero(), "try again, or raise --admission-budget and the API server's timeout",
       "try again, or raise --lookup-timeout"},
      std::nullopt, environment, clock, log, metrics, cluster ? cluster->pull_secrets() : nullptr);
  if (!registry) return usage_error("webhook", registry.error().message);

  // Reviews that still wait when the threads end are dropped with them: what those point to comes before.
  webhook::HandlerOptions handler_options;
  handler_options.admission_budget = options.admission_budget;
  handler_options.waiting_bytes = options.limits.max_waiting_bytes;
  handler_options.pull_secrets = cluster && !options.offline;
  webhook::Handler handler(handler_options, *policy, (*registry)->resolver(), clock, log, metrics,
                           cluster ? cluster->namespaces() : nullptr);
  net::IoThreads admission_threads(options.threads != 0 ? options.threads : available_cpus(), "admission");
  auto listener = server_options(options, *address);
  listener.max_connections = affordable_connections(options.limits.max_connections, log);
  net::Server server(admission_threads.contexts(), std::move(listener), handler, clock, log, metrics, tls);

  MetricsHandler exposition(metrics);
  std::unique_ptr<net::Server> health_server;
  std::unique_ptr<net::Server> metrics_server;
  if (*health_endpoint)
    health_server = std::make_unique<net::Server>(
        std::vector{&main_context}, status_options("health", **health_endpoint), health, clock, log, metrics);
  if (*metrics_endpoint)
    metrics_server = std::make_unique<net::Server>(std::vector{&main_context},
                                                   status_options("metrics", **metrics_endpoint), exposition,
                                                   clock, log, metrics);
  for (auto* s : {health_server.get(), metrics_server.get(), &server})
    if (s)
      if (const auto listening = s->start(); !listening) return complain(listening.error().message);

  if (const auto split = image::split_port(options.policy.skip.prefixes); !split.empty())
    log.warn(
        "--skip-prefixes is split at colons, which also split off a port: every image that begins with the "
        "part before it is left alone; use --skip-prefix",
        {{"prefix", split}});
  warn_of_owners(*policy, log);
  if (cluster) cluster->start();
  registry_thread.start();
  admission_threads.start();
  // With certificates of our own making the kubelet is told when one is served.
  if (options.disable_cert_rotation) health.set_ready(true);
  log.info(options.disable_cert_rotation ? "ready" : "listening",
           {{"version", DIGESTER_VERSION},
            {"commit", DIGESTER_COMMIT},
            {"pod", options.pod_name},
            {"address", *address},
            {"port", server.port()},
            {"health_port", health_server ? health_server->port() : 0},
            {"metrics_port", metrics_server ? metrics_server->port() : 0},
            {"on_error", to_string(policy->on_error)},
            {"on_reapply", to_string(policy->on_reapply)},
            {"dry_run", policy->dry_run},
            {"skip_prefixes", joined(policy->skip_prefixes)},
            {"skip_owners", joined(policy->skip_owners)},
            {"took_ms", std::chrono::duration<double, std::milli>(clock.now() - started).count()}});

  asio::co_spawn(main_context, serve_until_signal(signals, health, server, log, options.drain),
                 [&main_context](std::exception_ptr) { main_context.stop(); });
  main_context.run();

  // Nobody may run any more when the parts go.
  admission_threads.stop();
  admission_threads.join();
  std::promise<void> ended;
  (*registry)->resolver().stop([&ended] { ended.set_value(); });
  ended.get_future().wait();
  registry_thread.stop();
  registry_thread.join();
  // Coroutines of the cluster's parts end before those do.
  registry_thread.drop();
  return 0;
}

}  // namespace digester::app
