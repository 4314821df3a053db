// Making certificates: P-256 keys, SHA-256, PEM in and out (RFC 5280).
//
// Serial numbers are 128 random bits. Certificates begin an hour (at most a tenth of their life) before
// `now`: the clock of an API server may be behind ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "certificate/inspect.hpp"

namespace digester::certificate {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;  // PKCS #8
  bool operator==(const KeyPair&) const = default;
};

// Self-signed; signs leaves alone (CA:TRUE, pathlen 0, keyCertSign, cRLSign). The subject is O=digester and
// CN=`name` followed by part of the serial number, so that no two are confused when a chain is built. `life`
// is at least ten seconds: times are whole ones, and something has to be left of two thirds. Errors:
// ErrorKind::internal, when OpenSSL is out of memory or randomness.
Result<KeyPair> make_ca(std::string_view name, seconds life, Time now);

// A server certificate with these DNS names, signed by `ca`, whose key may be of any type; it ends with the
// CA at the latest. `names` holds at least one. Errors: ErrorKind::invalid if `ca` is no pair or `names` no
// names.
Result<KeyPair> make_serving(const KeyPair& ca, const std::vector<std::string>& names, seconds life,
                             Time now);

}  // namespace digester::certificate
