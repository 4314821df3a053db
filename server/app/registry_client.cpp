#include "app/registry_client.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "build_info.hpp"
#include "credential/chain.hpp"
#include "credential/docker_config.hpp"
#include "net/authority.hpp"
#include "net/client/client_options.hpp"
#include "net/client/http_client.hpp"
#include "registry/host_list.hpp"
#include "registry/registry_lookup.hpp"
#include "registry/settings.hpp"

namespace digester::app {
namespace {

constexpr const char* kUserAgent = "digester/" DIGESTER_VERSION;

// "host:port", as every pod sees it; nothing outside a cluster.
std::optional<std::string> kubernetes_api(const cli::Environment& environment) {
  auto host = environment("KUBERNETES_SERVICE_HOST").value_or("");
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  if (const auto port = environment("KUBERNETES_SERVICE_PORT").value_or(""); !port.empty())
    host += ":" + port;
  return net::parse_authority(host) ? std::optional(host) : std::nullopt;
}

net::ClientOptions client_options(const cli::RegistryOptions& options, const cli::Environment& environment) {
  net::ClientOptions o;
  o.user_agent = kUserAgent;
  // Empty means unset, as in Go.
  if (auto file = environment("SSL_CERT_FILE"); file && !file->empty()) o.trust.cert_file = std::move(*file);
  if (auto folder = environment("SSL_CERT_DIR"); folder && !folder->empty())
    o.trust.cert_dir = std::move(*folder);
  o.trust.ca_files = options.ca_files;
  o.proxy = net::ProxyOptions::from_environment([](const char* name) { return std::getenv(name); });
  // A digest belongs to a registry, never to the cluster: its API is out of reach.
  o.denied_hosts = {"kubernetes.default.svc", "kubernetes.default.svc.cluster.local"};
  if (auto api = kubernetes_api(environment)) o.denied_hosts.push_back(std::move(*api));
  return o;
}

Result<registry::RegistrySettings> registry_settings(const cli::RegistryOptions& options, bool command_line) {
  registry::RegistrySettings settings;
  auto insecure = registry::HostList::parse(options.insecure_registries);
  if (!insecure) return fail(ErrorKind::invalid, "--insecure-registries: " + insecure.error().message);
  auto redirect = registry::HostList::parse(options.redirect_allow, registry::HostList::Prefix::none);
  if (!redirect) return fail(ErrorKind::invalid, "--redirect-allow: " + redirect.error().message);
  auto realm = registry::RealmAllow::parse(options.realm_allow);
  if (!realm) return fail(ErrorKind::invalid, "--realm-allow: " + realm.error().message);
  settings.insecure = std::move(*insecure);
  settings.redirect_allow = std::move(*redirect);
  settings.realm_allow = std::move(*realm);
  settings.command_line = command_line;
  settings.concurrency = options.registry_concurrency;
  return settings;
}

registry::ResolverSettings resolver_settings(const cli::CacheOptions& options, Duration lookup_timeout) {
  registry::ResolverSettings settings;
  settings.flight_bound = lookup_timeout;
  settings.cache_bytes = options.bytes;
  settings.cache_entries = options.entries;
  settings.cache_ttl = options.ttl;
  settings.apply_ttl = options.apply_ttl;
  settings.negative_ttl = options.negative_ttl;
  settings.cache_stale = options.stale;
  settings.slow_after = options.slow;
  settings.crowd = registry::RegistrySettings().concurrency;
  return settings;
}

// Asks for one platform's manifest where the resolver asks for the index.
class PlatformLookup final : public registry::Lookup {
 public:
  PlatformLookup(registry::RegistryLookup& lookup, registry::protocol::Platform platform)
      : lookup_(&lookup), platform_(std::move(platform)) {}
  net::Task<Result<image::Digest>> find(image::Reference reference, credential::Credential credential,
                                        SteadyTime deadline, std::string tenant) override {
    return lookup_->find_platform(std::move(reference), std::move(credential), platform_, deadline,
                                  std::move(tenant));
  }

 private:
  registry::RegistryLookup* lookup_;
  registry::protocol::Platform platform_;
};

}  // namespace

// In the order of construction: each part refers to those above it.
struct RegistryClient::Parts {
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<credential::Chain> credentials;
  std::unique_ptr<registry::RegistryLookup> lookup;
  std::optional<PlatformLookup> platform;
  std::unique_ptr<registry::Resolver> resolver;
};

RegistryClient::RegistryClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RegistryClient::~RegistryClient() = default;
registry::Resolver& RegistryClient::resolver() {
  return *parts_->resolver;
}

Result<std::unique_ptr<RegistryClient>> RegistryClient::create(
    net::asio::io_context& io, const cli::RegistryOptions& registry, const cli::CacheOptions& cache,
    Duration lookup_timeout, Cures cures, std::optional<CommandLine> command_line,
    const cli::Environment& environment, const Clock& clock, const Logger& log, Metrics& metrics,
    std::unique_ptr<credential::Provider> cluster) {
  auto settings = registry_settings(registry, command_line.has_value());
  if (!settings) return fail(std::move(settings.error()));
  auto parts = std::make_unique<Parts>();
  auto http = client_options(registry, environment);
  // On the command line the errors say it, each its line.
  if (!command_line)
    http.trust.warn = [&log](const std::string& trouble) {
      log.warn("trusted certificates are missing", {{"cause", trouble}});
    };
  try {
    parts->http = net::create_http_client(io, std::move(http));
  } catch (const std::exception& e) {
    return fail(ErrorKind::invalid, e.what());
  }
  std::vector<std::unique_ptr<credential::Provider>> sources;
  auto docker_config = std::make_unique<credential::DockerConfig>(environment, clock, log);
  docker_config->refresh();
  // The tenant's own first, then what this server may show for anybody.
  if (cluster) sources.push_back(std::move(cluster));
  sources.push_back(std::move(docker_config));
  parts->credentials = std::make_unique<credential::Chain>(std::move(sources), clock, log);
  parts->lookup = registry::create_lookup(*parts->http, clock, std::move(*settings), metrics, log);
  registry::Lookup* lookup = parts->lookup.get();
  if (command_line && command_line->platform)
    lookup = &parts->platform.emplace(*parts->lookup, std::move(*command_line->platform));
  auto resolving = resolver_settings(cache, lookup_timeout);
  resolving.patience = cures.patience;
  resolving.longer_patience = std::move(cures.of_caller);
  resolving.longer_flight = std::move(cures.of_lookup);
  parts->resolver =
      registry::create_resolver(io, *lookup, *parts->credentials, clock, resolving, metrics, log);
  return std::unique_ptr<RegistryClient>(new RegistryClient(std::move(parts)));
}

}  // namespace digester::app
