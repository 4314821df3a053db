// Credentials from the cluster: the pull secrets that a Pod, or its ServiceAccount, names.
//
// As the kubelet sees them: a Pod's own imagePullSecrets; its ServiceAccount's only when it lists none
// (account `default` unless it says otherwise). All keys of all its secrets are one keyring, and every match
// is given, in order. A secret that is not there, has another type or cannot be read is a warning and no end.
//
// A tenant's secret is found by namespace and name alone, both out of the review's own namespace: no context
// reaches another's.
//
// Needs `get` on secrets and serviceaccounts, nothing else. Without that right the log says once in
// kRepeatWarning what is missing, and all goes on as if there were no pull secrets.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "credential/credential.hpp"
#include "credential/secret_reader.hpp"

namespace digester::credential {

enum class PullSecretMode : std::uint8_t {
  kubelet,  // the ServiceAccount's secrets only where the Pod lists none
  both,     // the Pod's, then its ServiceAccount's
};

struct PullSecretOptions {
  PullSecretMode mode = PullSecretMode::kubelet;
  std::chrono::seconds life{30};          // of what was read, and of a refusal (403)
  std::chrono::seconds absent_life{5};    // of what is not there (404)
  std::chrono::seconds reread_after{5};   // after a refusal, what was read is read anew no sooner than this
  std::chrono::seconds stale_limit{300};  // how old content may be while the API does not answer, or refuses
  std::size_t max_entries = 4096;
  std::size_t max_bytes = 32 << 20;
};

// Threads: gather() and ready() from any; fetch() and refused() on the registry thread.
class PullSecrets final : public Provider {
 public:
  static constexpr std::chrono::minutes kRepeatWarning{10};

  // Clock and logger outlive this and the io_context that fetch() ran on; the reader is shared with reads
  // under way, which go on for the next who asks when the one that started them gives up.
  PullSecrets(std::shared_ptr<SecretReader> reader, const PullSecretOptions& options, const Clock& clock,
              const Logger& logger);
  ~PullSecrets() override;
  PullSecrets(const PullSecrets&) = delete;
  PullSecrets& operator=(const PullSecrets&) = delete;

  std::string_view name() const override { return "pull secrets"; }
  // False unless all that this context needs is cached and fresh. A context without a namespace needs
  // nothing.
  bool gather(const Context& context, Holdings& into) const override;
  // Reads what is missing, all at once, each object once for all who wait. An error only when the API did not
  // answer and nothing else was found.
  net::Task<Result<std::vector<Credential>>> fetch(const image::Reference& reference,
                                                   const Context& context) override;
  // The secrets that hold it are read anew by the next fetch().
  void refused(const Credential& credential) override;
  // So are the ServiceAccount and the secrets of this context: the login may have been added meanwhile.
  void unsatisfied(const Context& context) override;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace digester::credential
