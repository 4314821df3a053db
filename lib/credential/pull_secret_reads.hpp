// Reading Secrets and ServiceAccounts: each once for all who wait, kept for a while, troubles said once in a
// while. Inside of pull_secrets.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "credential/occasional.hpp"
#include "credential/pull_secret_cache.hpp"
#include "credential/pull_secrets.hpp"
#include "net/condition.hpp"

namespace digester::credential {

// A read under way. Its result: the content, or why the API did not answer.
struct PullFlight {
  explicit PullFlight(net::Executor executor) : done(executor) {}
  std::optional<Result<SharedContent>> result;
  net::Condition done;
};

// Content at hand, or the flight that brings it.
struct PullPending {
  SharedContent content;
  std::shared_ptr<PullFlight> flight;
};

// Registry thread, but for the cache. Shared with the reads under way.
class PullSecretReads : public std::enable_shared_from_this<PullSecretReads> {
 public:
  PullSecretReads(std::shared_ptr<SecretReader> reader, const PullSecretOptions& options, const Clock& clock,
                  const Logger& logger);

  PullSecretCache& cache() { return cache_; }
  const PullSecretCache& cache() const { return cache_; }

  // Starts to read unless it is cached or under way.
  PullPending start(const PullObject& object, net::Executor executor);
  static net::Task<Result<SharedContent>> wait(PullPending pending);

  // A trouble that is no object's.
  void warn(std::string_view message, const PullObject& about, std::string_view cause);

 private:
  static net::Task<void> read(std::shared_ptr<PullSecretReads> self, PullObject object,
                              std::shared_ptr<PullFlight> flight);
  void land(const PullObject& object, const std::shared_ptr<PullFlight>& flight,
            Result<SharedContent> result);

  Result<SharedContent> take(const PullObject& object, Result<std::string> answer);
  SharedContent take_secret(const PullObject& object, std::string text);
  SharedContent take_account(const PullObject& object, std::string text);
  Result<SharedContent> take_failure(const PullObject& object, Error error);
  void warn_forbidden(const PullObject& object, const Error& error);

  const std::shared_ptr<SecretReader> reader_;
  const PullSecretOptions options_;
  const Clock& clock_;
  const Logger& log_;
  PullSecretCache cache_;
  std::unordered_map<std::string, std::shared_ptr<PullFlight>> flights_;
  Occasional warnings_;
  Occasional forbidden_;
};

}  // namespace digester::credential
