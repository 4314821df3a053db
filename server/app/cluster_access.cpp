#include "app/cluster_access.hpp"

#include <unistd.h>

#include <exception>
#include <utility>
#include <vector>

#include "build_info.hpp"
#include "cluster/api_secret_reader.hpp"
#include "credential/pull_secrets.hpp"
#include "kube/api_client.hpp"
#include "kube/config/load.hpp"

namespace digester::app {

struct ClusterAccess::Parts {
  std::string namespace_name;
  std::unique_ptr<kube::ApiClient> api;
  const Clock& clock;
  const Logger& log;
};

ClusterAccess::ClusterAccess(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClusterAccess::~ClusterAccess() = default;

Result<std::unique_ptr<ClusterAccess>> ClusterAccess::create(net::asio::io_context& io,
                                                             const std::string& kubeconfig,
                                                             const std::string& context,
                                                             const cli::Environment& environment,
                                                             const Clock& clock, const Logger& log) {
  // What credential plugins of a kubeconfig inherit.
  std::vector<std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    variables.emplace_back(*entry);
  auto config =
      kube::load(kubeconfig, context, environment, kube::ExecSetting{io, clock, log, std::move(variables)});
  if (!config) return fail(std::move(config.error()));
  auto name_space = config->namespace_name.empty() ? "default" : config->namespace_name;
  kube::ApiOptions options;
  options.user_agent = std::string("digester/") + DIGESTER_VERSION;
  try {
    auto api = kube::create_api_client(io, std::move(*config), clock, log, options);
    return std::unique_ptr<ClusterAccess>(
        new ClusterAccess(std::make_unique<Parts>(Parts{std::move(name_space), std::move(api), clock, log})));
  } catch (const std::exception& e) {
    return fail(ErrorKind::invalid, e.what());
  }
}

std::unique_ptr<credential::Provider> ClusterAccess::pull_secrets() {
  return std::make_unique<credential::PullSecrets>(std::make_shared<cluster::ApiSecretReader>(*parts_->api),
                                                   credential::PullSecretOptions{}, parts_->clock,
                                                   parts_->log);
}

const std::string& ClusterAccess::namespace_name() const {
  return parts_->namespace_name;
}

}  // namespace digester::app
