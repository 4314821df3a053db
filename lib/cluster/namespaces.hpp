// The namespaces of the cluster, watched, and which of them are switched on.
//
// The API server filters by the configuration's namespaceSelector; the server holds to the same one, so that
// whoever narrowed it there is not undone by a stale replica or a second configuration.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cluster/namespace_rules.hpp"
#include "kube/api_client.hpp"
#include "kube/watch.hpp"
#include "webhook/namespaces.hpp"

namespace digester::cluster {

struct NamespaceOptions {
  // --namespace-selector. Empty: what the configuration says, until it is known the default.
  std::optional<kube::LabelSelector> selector;
  std::string configuration;  // its name
  certificate::ServiceName service;
  // One live read; the API has answered in milliseconds or it is in trouble.
  Duration read_limit = std::chrono::seconds(1);
  // For so long the answer of a live read is that of whoever asks for the same namespace: anybody who reaches
  // our port can name one.
  Duration remember = std::chrono::milliseconds(250);
};

class WatchedNamespaces final : public webhook::Namespaces {
 public:
  // Watches on `io`, the registry thread's. `api`, clock and logger outlive this.
  WatchedNamespaces(net::asio::io_context& io, kube::ApiClient& api, const Clock& clock, const Logger& log,
                    NamespaceOptions options);
  ~WatchedNamespaces() override;

  // Before the io_context runs, or on its thread.
  void start();
  // On its thread, or when it runs no more.
  void stop();

  std::optional<webhook::NamespaceState> look(std::string_view name) const override;
  net::Task<webhook::NamespaceState> confirm(std::string name, SteadyTime deadline) override;

 private:
  class NamespaceObserver;
  class ConfigurationObserver;
  struct State;
  struct Read;
  struct Landing;

  static net::Task<webhook::NamespaceState> read(kube::ApiClient& api, std::shared_ptr<State> state,
                                                 std::string name, Duration limit, Duration remember);

  net::asio::io_context& io_;
  kube::ApiClient& api_;
  const Clock& clock_;
  const NamespaceOptions options_;
  std::shared_ptr<State> state_;
  std::unique_ptr<NamespaceObserver> namespace_observer_;
  std::unique_ptr<ConfigurationObserver> configuration_observer_;
  kube::Watch namespace_watch_;
  std::unique_ptr<kube::Watch> configuration_watch_;
};

}  // namespace digester::cluster
