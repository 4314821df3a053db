// Kubernetes pull secrets and the ServiceAccounts that name them, from the API's JSON. Pure.
//
// Specification: Secret types kubernetes.io/dockerconfigjson (key .dockerconfigjson, a docker config) and
// kubernetes.io/dockercfg (key .dockercfg, its "auths" alone), values in base64; ServiceAccount's
// imagePullSecrets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "credential/docker_auth.hpp"

namespace digester::credential {

inline constexpr std::size_t kMaxPullSecret = 1 << 20;  // of the decoded docker config
inline constexpr std::size_t kMaxSecretJson = 3 << 20;  // of the API's answer: base64, and metadata around it
// Of one secret. Each costs memory and a hash whenever the secret is read, and a tenant chooses their number.
inline constexpr std::size_t kMaxPullSecretLogins = 1024;
inline constexpr std::size_t kMaxPullSecretNames = 64;  // of one Pod or ServiceAccount

// The logins in a Secret object. Errors are what a warning says after "the pull secret N/S", and show nothing
// of the content: invalid (not a Secret, another type, the key is missing, no base64, no docker config),
// too_large. Of
// more than kMaxPullSecretLogins logins the first count.
Result<DockerAuth> parse_pull_secret(std::string object);

// The names under imagePullSecrets of a ServiceAccount object, in order, each once; entries without a name
// are left out, and so is what comes after kMaxPullSecretNames. invalid, too_large.
Result<std::vector<std::string>> parse_account_pull_secrets(std::string object);

}  // namespace digester::credential
