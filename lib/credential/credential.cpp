#include "credential/credential.hpp"

#include <fmt/format.h>

#include "net/crypto.hpp"

namespace digester::credential {

Credential Credential::make(Kind kind, std::string user, std::string secret) {
  Credential credential{kind, std::move(user), std::move(secret), {}};
  if (kind == Kind::anonymous) return credential;
  static const std::string key = net::random_bytes(32);
  // Lengths first: ("ab", "c") and ("a", "bc") must differ.
  const auto message = fmt::format("{}:{}:{}:{}{}", static_cast<int>(kind), credential.user.size(),
                                   credential.secret.size(), credential.user, credential.secret);
  credential.fingerprint = net::hex(net::hmac_sha256(key, message).substr(0, 16));
  return credential;
}

std::optional<std::vector<Credential>> Provider::ready(const image::Reference& reference,
                                                       const Context& context) const {
  Holdings holdings;
  if (!gather(context, holdings)) return std::nullopt;
  return holdings.copies(reference);
}

}  // namespace digester::credential
