// Everything of the webhook that talks to the Kubernetes API: pull secrets, namespaces, its own certificates.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "cli/options.hpp"
#include "credential/credential.hpp"
#include "net/task.hpp"
#include "webhook/namespaces.hpp"

namespace digester::app {

// The names of k8s-digester's manifests, which ours keep.
inline constexpr const char* kServiceName = "digester-webhook-service";
inline constexpr const char* kSecretName = "digester-webhook-server-cert";
inline constexpr const char* kConfigurationName = "digester-mutating-webhook-configuration";
inline constexpr const char* kDefaultNamespace = "digester-system";

class Cluster {
 public:
  struct Hooks {
    // As certificate::Rotator::Hooks; on the registry thread.
    std::function<Result<void>(const std::string& certificate, const std::string& key)> serve;
    std::function<void(bool)> ready;
  };

  // Finds the API (kubeconfig, then in cluster) and asks nothing yet. `io` is the registry thread's;
  // references outlive the object, which is destroyed when that thread has ended and its handlers are
  // dropped.
  static Result<std::unique_ptr<Cluster>> create(net::asio::io_context& io,
                                                 const cli::WebhookOptions& options,
                                                 const cli::Environment& environment, const Clock& clock,
                                                 const Logger& log, Metrics& metrics, Hooks hooks);
  ~Cluster();

  // Null with --offline.
  std::unique_ptr<credential::Provider> pull_secrets();
  webhook::Namespaces* namespaces();
  // What new certificates are for: service.namespace.svc first.
  static std::vector<std::string> certificate_names(const std::string& name_space);

  // Before the registry thread starts.
  void start();

 private:
  struct Parts;
  explicit Cluster(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace digester::app
