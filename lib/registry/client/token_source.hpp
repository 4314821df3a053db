// Bearer tokens: fetched once for all who need the same one, kept until shortly before they expire.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "credential/credential.hpp"
#include "registry/client/access.hpp"
#include "registry/client/exchange.hpp"

namespace digester::registry {

struct TokenQuestion {
  RealmRule rule;
  net::Url realm;
  std::string service;                // empty: absent
  std::vector<std::string> scopes;    // the needed one first
  credential::Credential credential;  // anonymous, basic or identity_token
  // For whom, and about which repository; no part of the key.
  std::string tenant;
  std::string path;

  // Registry, realm, service, scopes in order of the alphabet, credential: same key, same token.
  std::string key() const;
};

struct Token {
  std::string value;
  // When it was asked for, counted in fetches: a token with a number above sequence() was fetched later.
  std::uint64_t sequence = 0;
};

// One thread.
class TokenSource {
 public:
  TokenSource(Exchanger& exchanger, const Clock& clock, const RegistrySettings& settings,
              RegistryMetrics& metrics, const Logger& log);

  // From memory, from a fetch under way, or fetched. A fetch goes on for the next one who asks when the one
  // that started it gives up; it charges its requests to the starter's budget, and holds `keep_alive` (what
  // owns this object and all that it refers to) until it ends. Errors, as causes:
  //   unauthorized  this credential is refused
  //   forbidden     the realm rules; nothing was sent
  //   rate_limited, unavailable (transport failures too), protocol, too_large, timed_out
  net::Task<Result<Token>> get(TokenQuestion question, SteadyTime deadline, Budget& budget,
                               std::shared_ptr<void> keep_alive);

  // The registry refused this token: forget it, unless a newer one took its place.
  void drop(const TokenQuestion& question, const Token& refused);

  std::uint64_t sequence() const { return sequence_; }
  std::size_t cached() const { return tokens_.size(); }

 private:
  struct Kept {
    Token token;
    SteadyTime renew_at;
  };
  struct Flight;

  net::Task<void> fly(std::shared_ptr<Flight> flight, TokenQuestion question, std::string key,
                      std::shared_ptr<void> keep_alive);
  net::Task<Result<Token>> wait_for(std::shared_ptr<Flight> flight, SteadyTime deadline);
  void land(const std::string& key, const std::shared_ptr<Flight>& flight, Result<Token> result);
  void keep(const std::string& key, const Token& token, std::chrono::seconds life);

  Exchanger& exchanger_;
  const Clock& clock_;
  const RegistrySettings& settings_;
  RegistryMetrics& metrics_;
  const Logger& log_;
  std::uint64_t sequence_ = 0;
  BoundedMap<Kept> tokens_;  // weighed in bytes
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace digester::registry
