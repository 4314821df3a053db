#include "app/cluster.hpp"

#include <unistd.h>
#include <boost/asio/co_spawn.hpp>

#include <optional>
#include <vector>

#include "build_info.hpp"
#include "certificate/rotator/rotator.hpp"
#include "cluster/api_secret_reader.hpp"
#include "cluster/certificate_store.hpp"
#include "cluster/namespaces.hpp"
#include "credential/pull_secrets.hpp"
#include "kube/api_client.hpp"
#include "kube/config/load.hpp"

namespace digester::app {

struct Cluster::Parts {
  Parts(net::asio::io_context& loop, const Clock& the_clock, const Logger& logger)
      : io(loop), clock(the_clock), log(logger) {}

  net::asio::io_context& io;
  const Clock& clock;
  const Logger& log;
  credential::PullSecretOptions pull_secret_options;
  bool offline = false;
  std::unique_ptr<kube::ApiClient> api;
  std::unique_ptr<cluster::WatchedNamespaces> namespaces;
  std::unique_ptr<cluster::CertificateStore> store;
  std::unique_ptr<certificate::Rotator> rotator;
};

namespace {

// What credential plugins of a kubeconfig inherit.
std::vector<std::string> whole_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    all.emplace_back(*entry);
  return all;
}

}  // namespace

Cluster::Cluster(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Cluster::~Cluster() = default;

std::vector<std::string> Cluster::certificate_names(const std::string& name_space) {
  const auto service = std::string(kServiceName) + "." + name_space;
  return {service + ".svc", service, service + ".svc.cluster.local", kServiceName};
}

Result<std::unique_ptr<Cluster>> Cluster::create(net::asio::io_context& io,
                                                 const cli::WebhookOptions& options,
                                                 const cli::Environment& environment, const Clock& clock,
                                                 const Logger& log, Metrics& metrics, Hooks hooks) {
  auto config = kube::load(options.kubeconfig, options.context, environment,
                           kube::ExecSetting{io, clock, log, whole_environment()});
  if (!config) return fail(std::move(config.error()));
  const auto name_space = !options.pod_namespace.empty()    ? options.pod_namespace
                          : !config->namespace_name.empty() ? config->namespace_name
                                                            : std::string(kDefaultNamespace);
  auto parts = std::make_unique<Parts>(io, clock, log);
  parts->offline = options.offline;
  kube::ApiOptions api_options;
  api_options.user_agent = std::string("digester/") + DIGESTER_VERSION;
  try {
    parts->api = kube::create_api_client(io, std::move(*config), clock, log, api_options);
  } catch (const std::exception& e) {
    return fail(ErrorKind::invalid, e.what());
  }
  const certificate::ServiceName service{name_space, kServiceName};
  if (!options.offline) {
    if (options.pull_secrets == "union") parts->pull_secret_options.mode = credential::PullSecretMode::both;
    cluster::NamespaceOptions namespace_options;
    namespace_options.configuration = kConfigurationName;
    namespace_options.service = service;
    if (options.namespace_selector_given) {
      auto selector = kube::LabelSelector::parse(options.namespace_selector);
      if (!selector) return fail(ErrorKind::invalid, "--namespace-selector: " + selector.error().message);
      namespace_options.selector = std::move(*selector);
    }
    parts->namespaces = std::make_unique<cluster::WatchedNamespaces>(io, *parts->api, clock, log,
                                                                     std::move(namespace_options));
  }
  if (!options.disable_cert_rotation) {
    parts->store = std::make_unique<cluster::CertificateStore>(
        io, *parts->api, clock, log,
        cluster::CertificateStore::Names{name_space, kSecretName, kConfigurationName});
    certificate::Rotator::Options rotation;
    rotation.settings.names = certificate_names(name_space);
    rotation.settings.ca_life = std::chrono::duration_cast<certificate::seconds>(options.ca_lifetime);
    rotation.settings.serving_life = std::chrono::duration_cast<certificate::seconds>(options.cert_lifetime);
    rotation.settings.overlap = std::chrono::duration_cast<certificate::seconds>(options.ca_overlap);
    rotation.poll = std::min<Duration>(rotation.poll, options.ca_overlap / 4 + std::chrono::seconds(1));
    rotation.service = service;
    parts->rotator = std::make_unique<certificate::Rotator>(
        *parts->store, clock, log, metrics, std::move(rotation),
        certificate::Rotator::Hooks{std::move(hooks.serve), std::move(hooks.ready)});
  }
  return std::unique_ptr<Cluster>(new Cluster(std::move(parts)));
}

std::unique_ptr<credential::Provider> Cluster::pull_secrets() {
  if (parts_->offline) return nullptr;
  return std::make_unique<credential::PullSecrets>(std::make_shared<cluster::ApiSecretReader>(*parts_->api),
                                                   parts_->pull_secret_options, parts_->clock, parts_->log);
}

webhook::Namespaces* Cluster::namespaces() {
  return parts_->namespaces.get();
}

void Cluster::start() {
  if (parts_->namespaces) parts_->namespaces->start();
  if (!parts_->rotator) return;
  parts_->store->start();
  auto running = parts_->rotator->run();
  net::asio::co_spawn(parts_->io, std::move(running), [log = &parts_->log](std::exception_ptr failure) {
    if (failure) log->error("the rotation of certificates ended: the ones in use stay", {});
  });
}

}  // namespace digester::app
