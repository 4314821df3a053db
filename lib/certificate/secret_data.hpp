// The content of the Secret that all replicas share: the whole state of the rotation, so that any of them can
// go on with it after a restart.
//
//   ca.crt, ca.key, tls.crt, tls.key   as k8s-digester has them: the CA that signs, the pair that is served
//   ca-next.crt, ca-next.key           the CA that will sign next: in the bundle already, signs nothing yet
//   ca-next-published                  since when the bundle is known to hold ca-next.crt, RFC 3339, UTC
//   ca-old.crt                         CAs that no longer sign, and stay in the bundle until everybody has
//   ca-old-since                       replaced what they signed; and since when they are old
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "certificate/inspect.hpp"

namespace digester::certificate {

// A key that the Secret does not have is empty, and an empty one is not written.
struct SecretData {
  std::string ca_crt;
  std::string ca_key;
  std::string tls_crt;
  std::string tls_key;
  std::string ca_next_crt;
  std::string ca_next_key;
  std::string ca_old_crt;
  std::optional<Time> next_published;
  std::optional<Time> old_since;

  bool operator==(const SecretData&) const = default;
};

// Decoded `data` of a Secret. A time that cannot be read counts as missing; unknown keys are ignored.
SecretData from_secret_keys(const std::map<std::string, std::string>& data);

// Every key of ours; those with an empty value are to be removed. Keys that are not ours stay as they are: a
// writer patches these, or merges them into what it has read.
std::map<std::string, std::string> to_secret_keys(const SecretData& secret);

}  // namespace digester::certificate
