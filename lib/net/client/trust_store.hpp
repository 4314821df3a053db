// Which certificate authorities are trusted: the system's, found as Go finds them, and the operator's own.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/client/client_options.hpp"

namespace digester::net {

struct FreeStore {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
using TrustStore = std::unique_ptr<X509_STORE, FreeStore>;

struct LoadedTrust {
  TrustStore store;
  std::size_t certificates = 0;
  std::string trouble;  // of SSL_CERT_FILE and SSL_CERT_DIR, in one printable line
};

// Reads everything that the options name, each certificate once. What cannot be read or parsed is left out,
// as Go does it, except for `extra_pem`, which was checked before; what the environment names and is no use
// is told. Blocking: some 5 ms for a system's store; after a stop is requested it ends at the next file, with
// what has been read.
LoadedTrust load_trust(const TrustOptions& options, const std::vector<std::string>& extra_pem,
                       const std::stop_token& stop = {});

// A CA file of the operator's: its text, if it can be read and holds at least one certificate.
// At most 10 MiB.
Result<std::string> read_ca_file(const std::string& path);

}  // namespace digester::net
