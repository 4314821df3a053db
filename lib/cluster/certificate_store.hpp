// Where the certificates' Secret and the webhook configuration are: the Kubernetes API.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "certificate/rotator/store.hpp"
#include "kube/api_client.hpp"
#include "kube/watch.hpp"
#include "net/condition.hpp"

namespace digester::cluster {

// The right to `get` and `patch` each of the two by name is all that it needs; with `list` and `watch` by
// name changes are seen at once.
class CertificateStore final : public certificate::Store {
 public:
  struct Names {
    std::string name_space;     // of the Secret
    std::string secret;         // "digester-webhook-server-cert"
    std::string configuration;  // "digester-mutating-webhook-configuration"
  };

  // The io_context's thread; `api`, clock and logger outlive this.
  CertificateStore(net::asio::io_context& io, kube::ApiClient& api, const Clock& clock, const Logger& log,
                   Names names);

  net::Task<Result<certificate::SecretSnapshot>> read_secret() override;
  net::Task<Result<certificate::SecretSnapshot>> write_secret(certificate::SecretData data,
                                                              std::string resource_version) override;
  net::Task<Result<std::string>> read_configuration() override;
  net::Task<Result<void>> patch_configuration(std::string patch) override;
  net::Task<> changed(SteadyTime until) override;

  void start();  // watching
  void stop();

 private:
  // Any event is a reason to look.
  class Bell final : public kube::WatchObserver {
   public:
    explicit Bell(net::Condition& rings) : rings_(rings) {}
    void listed(std::span<const json::Value>, bool) override {}
    void replaced() override { rings_.notify_all(); }
    void applied(json::Value) override { rings_.notify_all(); }
    void deleted(json::Value) override { rings_.notify_all(); }

   private:
    net::Condition& rings_;
  };

  std::string secret_path() const;
  std::string configuration_path() const;

  kube::ApiClient& api_;
  const Names names_;
  net::Condition rings_;
  Bell bell_;
  kube::Watch secret_watch_;
  kube::Watch configuration_watch_;
};

}  // namespace digester::cluster
