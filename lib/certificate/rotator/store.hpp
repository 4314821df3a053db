// Where the Secret and the webhook configuration are: the Kubernetes API, or a test's memory.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "certificate/secret_data.hpp"
#include "net/task.hpp"

namespace digester::certificate {

struct SecretSnapshot {
  SecretData data;
  std::string resource_version;  // not empty
  // The API server's clock (its answer's Date): it is the one that judges our certificates, so that it counts
  // more than our own.
  std::optional<WallTime> server_time = std::nullopt;
};

// Used by one coroutine on one thread. Every call ends by itself within a limit of its own. A call that was
// cancelled ends with operation_aborted or ErrorKind::cancelled.
class Store {
 public:
  virtual ~Store() = default;

  // ErrorKind::not_found: there is none. Always what the API has now: no cache.
  virtual net::Task<Result<SecretSnapshot>> read_secret() = 0;
  // Replaces our keys (to_secret_keys) and leaves all others, labels and annotations alone. With an empty
  // `resource_version` the Secret is created. ErrorKind::conflict: it has another version by now, or has been
  // created, or deleted, meanwhile.
  virtual net::Task<Result<SecretSnapshot>> write_secret(SecretData data, std::string resource_version) = 0;

  // The MutatingWebhookConfiguration as JSON. ErrorKind::not_found: there is none; ErrorKind::forbidden: it
  // is not ours to maintain.
  virtual net::Task<Result<std::string>> read_configuration() = 0;
  // RFC 6902 (application/json-patch+json). ErrorKind::conflict: its `test` failed (the API says 422 then),
  // or 409.
  virtual net::Task<Result<void>> patch_configuration(std::string patch) = 0;

  // Returns when either may have changed, or at `until`. May return early for no reason.
  virtual net::Task<> changed(SteadyTime until) = 0;
};

}  // namespace digester::certificate
