#include "net/client/identity.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace digester::net {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

// In place of OpenSSL's own, which asks on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

bool Identity::use_in(SSL_CTX* context) const {
  bool taken = SSL_CTX_use_certificate(context, certificate.get()) == 1;
  for (const auto& link : chain)
    taken = taken && SSL_CTX_add1_chain_cert(context, link.get()) == 1;
  taken = taken && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  ERR_clear_error();
  return taken;
}

Result<Identity> read_identity(std::string_view certificate_pem, std::string_view key_pem) {
  constexpr std::size_t kMost = 1024 * 1024;
  if (certificate_pem.size() > kMost || key_pem.size() > kMost)
    return fail(ErrorKind::invalid, "the client certificate or its key is larger than 1 MiB");
  Identity identity;
  const Bio certificates = reader(certificate_pem);
  identity.certificate.reset(PEM_read_bio_X509(certificates.get(), nullptr, &no_password, nullptr));
  while (X509* link = PEM_read_bio_X509(certificates.get(), nullptr, &no_password, nullptr))
    identity.chain.emplace_back(link);
  const Bio keys = reader(key_pem);
  identity.key.reset(PEM_read_bio_PrivateKey(keys.get(), nullptr, &no_password, nullptr));
  const bool matches = identity.certificate && identity.key &&
                       X509_check_private_key(identity.certificate.get(), identity.key.get()) == 1;
  ERR_clear_error();
  if (!identity.certificate) return fail(ErrorKind::invalid, "the client certificate is no PEM certificate");
  if (!identity.key)
    return fail(ErrorKind::invalid, "the client certificate's key is no PEM key, or is encrypted");
  if (!matches) return fail(ErrorKind::invalid, "the client certificate and its key do not belong together");
  return identity;
}

}  // namespace digester::net
