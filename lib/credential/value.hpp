// One way to authenticate, as a plain value; free of Asio, so that parsers and their tests need none.
#pragma once

#include <string>

namespace digester::credential {

// Never logged, never printed: only the fingerprint may be.
struct Credential {
  enum class Kind {
    anonymous,
    basic,           // user and secret
    identity_token,  // secret is a refresh token for the token service's POST form; user may be empty
    registry_token,  // secret is the Bearer value itself
  };
  Kind kind = Kind::anonymous;
  std::string user;
  std::string secret;
  // HMAC-SHA256 under a per-process random key over length-prefixed kind, user and secret, as 32 hex digits:
  // the cache's and token cache's key. Empty for anonymous. Equal credentials have equal fingerprints within
  // one process; nothing can be learnt from one outside of it.
  std::string fingerprint;

  static Credential anonymous() { return {}; }
  static Credential make(Kind kind, std::string user, std::string secret);  // computes the fingerprint
  bool is_anonymous() const { return kind == Kind::anonymous; }
};

}  // namespace digester::credential
