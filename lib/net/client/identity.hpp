// Our own certificate as a TLS client, with its key.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digester::net {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// Never changes once read; any thread.
struct Identity {
  std::unique_ptr<X509, FreeX509> certificate;
  std::vector<std::unique_ptr<X509, FreeX509>> chain;  // what stands between it and a root; may be empty
  std::unique_ptr<EVP_PKEY, FreeKey> key;

  // False: OpenSSL does not take it (a key too small for its security level).
  bool use_in(SSL_CTX* context) const;
};

// `invalid`, in a message without any of the text: no certificate, no key, an encrypted key (there is nobody
// to ask for its password), or one that belongs to another certificate.
Result<Identity> read_identity(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace digester::net
