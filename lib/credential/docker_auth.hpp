// The static logins of a docker config: what `docker login` and `podman login` leave in a file, and what a
// Kubernetes pull secret carries. Pure: text in, logins out.
//
// Formats: docker's config.json and containers-auth.json(5). Precedence inside an entry: registrytoken,
// identitytoken, username and password, auth (base64, padded or not, split at the first colon). An entry
// without any of them is no login: that registry is asked anonymously.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "credential/keyring.hpp"
#include "credential/value.hpp"
#include "json/value.hpp"

namespace digester::credential {

struct Login {
  Credential::Kind kind = Credential::Kind::basic;
  std::string user;
  std::string secret;
};

struct DockerAuth {
  Keyring keyring;  // its values are indexes into `logins`
  std::vector<Login> logins;
  // One printable line each, without a secret: entries that were left out and why. At most kMaxWarnings, and
  // one more when logins were too many.
  std::vector<std::string> warnings;
  // credHelpers or credsStore are there: they are not asked.
  bool names_helpers = false;

  static constexpr std::size_t kMaxWarnings = 16;
};

// A whole config.json. Not JSON, or not an object: ErrorKind::invalid, without a word of the content. Of more
// than `most` logins the first count.
Result<DockerAuth> parse_docker_auth(std::string text, std::size_t most = SIZE_MAX);

// The object under "auths"; also a whole file of the older .dockercfg form. Of a key that occurs twice the
// last counts. Once for each DockerAuth.
void read_auths(json::Value auths, DockerAuth& into, std::size_t most = SIZE_MAX);

}  // namespace digester::credential
