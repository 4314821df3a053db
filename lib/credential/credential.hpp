// What a registry may be shown, and where it comes from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/reference.hpp"
#include "net/task.hpp"

namespace digester::credential {

// One way to authenticate. Never logged, never printed: only the fingerprint may be.
struct Credential {
  enum class Kind {
    anonymous,
    basic,           // user and secret
    identity_token,  // secret is a refresh token for the token service's POST form
    registry_token,  // secret is the Bearer value itself
  };
  Kind kind = Kind::anonymous;
  std::string user;
  std::string secret;
  // HMAC under a per-process key over length-prefixed kind, user and secret: the cache's and token cache's
  // key. Empty for anonymous. Equal credentials have equal fingerprints within one process.
  std::string fingerprint;

  static Credential anonymous() { return {}; }
  static Credential make(Kind kind, std::string user, std::string secret);  // computes the fingerprint
  bool is_anonymous() const { return kind == Kind::anonymous; }
};

// On whose behalf: what the pull-secret source needs. Empty on the command line.
struct Context {
  std::string namespace_name;
  std::string service_account;
  std::vector<std::string> pull_secrets;
};

// A source of credentials: docker config today; pull secrets, ECR, GCP, ACR, helpers and plugins are one
// file each. The chain asks every source in order and keeps all answers: each is tried until one works.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;

  // All credentials for this reference, best first, without waiting: from memory alone, from any thread.
  // Empty optional: fetch() must be asked.
  virtual std::optional<std::vector<Credential>> ready(const image::Reference& reference,
                                                       const Context& context) const = 0;
  // The same with I/O, on the registry thread. An error is a warning to the caller, not an end.
  virtual net::Task<Result<std::vector<Credential>>> fetch(const image::Reference& reference,
                                                           const Context& context) = 0;
  // The registry refused this one (401 or 403): forget it, if it came from a cache. Registry thread.
  virtual void refused(const Credential& credential) { (void)credential; }
};

}  // namespace digester::credential
