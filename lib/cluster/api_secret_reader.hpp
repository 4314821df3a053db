// Pull secrets and service accounts, read from the API.
#pragma once

#include "credential/secret_reader.hpp"
#include "kube/api_client.hpp"

namespace digester::cluster {

class ApiSecretReader final : public credential::SecretReader {
 public:
  // `api` outlives this and its tasks.
  explicit ApiSecretReader(kube::ApiClient& api) : api_(api) {}
  net::Task<Result<std::string>> get(std::string path) override;

 private:
  // Short, so that what was read before can be used while somebody still waits: look-ups wait for 3 s, and a
  // ServiceAccount's secrets are read after it.
  static constexpr Duration kLimit = std::chrono::milliseconds(1400);

  kube::ApiClient& api_;
};

}  // namespace digester::cluster
