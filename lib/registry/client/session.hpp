// The conversation of one look-up with one registry: whose credentials are shown, how challenges are met, and
// when to stop trying.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "credential/credential.hpp"
#include "image/reference.hpp"
#include "registry/client/services.hpp"

namespace digester::registry {

class Session {
 public:
  Session(std::shared_ptr<Services> services, Registry registry, std::string path,
          credential::Credential credential, SteadyTime deadline, std::string tenant);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // GET or HEAD of a manifest by tag or digest, authenticated as far as the credential goes. A 401 that comes
  // back is the registry's last word. Errors are causes without image and registry.
  net::Task<Result<Answer>> ask(net::Method method, std::string name, std::size_t body_limit);

  Services& services() { return *services_; }
  const Registry& registry() const { return registry_; }
  const credential::Credential& credential() const { return credential_; }

 private:
  enum class Shown { nothing, basic, token, registry_token };

  net::Task<Result<void>> prepare();
  Plan make_plan(net::Method method, std::string target, std::size_t body_limit) const;
  void learn_scheme(const Plan& plan, const Result<Answer>& answer);

  // True: something else is shown now, ask again.
  net::Task<Result<bool>> respond(const Answer& answer);
  net::Task<Result<bool>> meet_challenge(const Answer& answer);
  net::Task<Result<bool>> meet_strangers_challenge(const Answer& answer);
  net::Task<protocol::Demand> ping();

  Result<TokenQuestion> make_question(const protocol::Demand& demand) const;
  net::Task<Result<void>> show_token(TokenQuestion question);
  bool has_basic() const;
  void show_basic();
  void show(Shown what, std::string value);

  std::shared_ptr<Services> services_;
  Registry registry_;
  const std::string path_;
  const credential::Credential credential_;
  const SteadyTime deadline_;
  const std::string tenant_;
  Budget budget_;
  const std::uint64_t first_sequence_;  // tokens above it were fetched during this look-up

  bool scheme_open_ = false;  // an insecure registry whose scheme is not known yet
  bool prepared_ = false;
  bool pinged_ = false;
  bool renewed_ = false;  // after a 400 or 403 that might mean an expired token
  unsigned tokens_shown_ = 0;
  Shown shown_ = Shown::nothing;
  std::optional<TokenQuestion> question_;
  std::optional<Token> token_;
  std::optional<std::string> authorization_;    // for the registry itself
  std::vector<Plan::Authorization> strangers_;  // anonymous tokens for hosts that redirects led to
};

}  // namespace digester::registry
