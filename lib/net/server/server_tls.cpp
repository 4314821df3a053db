#include "net/server/server_tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>

namespace digester::net {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// More than any certificate authority issues; each one travels in every handshake.
constexpr int kMaxChain = 10;

std::string openssl_reason() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(error);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

// The API server asks for http/1.1 and nothing else; a client that insists on another protocol is told so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Null when this build of OpenSSL lacks something that every build has.
Owned<SSL_CTX> make_context() {
  Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const c = context.get();
  if (c == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  // AES-128 with SHA-256 first: as strong as P-256, and the cheapest. Clients without AES in hardware put
  // ChaCha first, and get it.
  SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                             SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(c, 0);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  // One recv fetches all that has come instead of a record's header first. Buffers are freed while idle.
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                          SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_alpn_select_cb(c, choose_protocol, nullptr);
  const bool done =
      SSL_CTX_set_ciphersuites(
          c, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
      SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
      SSL_CTX_set1_groups_list(c, "P-256:X25519:P-384") == 1;
  return done ? std::move(context) : nullptr;
}

WallTime to_wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

Owned<BIO> reader(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key must fail instead of asking a terminal that nobody sits at.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

void SslDeleter::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

struct ServerTls::Loaded {
  Owned<SSL_CTX> context;
  WallTime not_after;
};

ServerTls::ServerTls(std::string certificate_name, std::string key_name)
    : certificate_name_(std::move(certificate_name)), key_name_(std::move(key_name)) {}
ServerTls::~ServerTls() = default;

Result<std::shared_ptr<const ServerTls::Loaded>> ServerTls::load(std::string_view certificate_pem,
                                                                 std::string_view key_pem) const {
  const auto bad = [](std::string message) { return fail(ErrorKind::invalid, std::move(message)); };
  ERR_clear_error();
  auto loaded = std::make_shared<Loaded>();
  loaded->context = make_context();
  SSL_CTX* const context = loaded->context.get();
  if (context == nullptr) return fail(ErrorKind::internal, "OpenSSL cannot set up TLS: " + openssl_reason());

  const auto certificates = reader(certificate_pem);
  const Owned<X509> leaf(PEM_read_bio_X509(certificates.get(), nullptr, no_passphrase, nullptr));
  if (!leaf)
    return bad(fmt::format("{} holds no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\"): {}",
                           certificate_name_, openssl_reason()));
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return bad(
        fmt::format("{} holds a certificate that cannot be used: {}", certificate_name_, openssl_reason()));
  loaded->not_after = to_wall(X509_get0_notAfter(leaf.get()));
  for (int count = 1;; ++count) {
    const Owned<X509> issuer(PEM_read_bio_X509(certificates.get(), nullptr, no_passphrase, nullptr));
    if (!issuer) {
      // Rubbish behind the leaf would leave clients with half a chain.
      if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return bad(fmt::format("{} holds a broken certificate behind the first: {}", certificate_name_,
                               openssl_reason()));
      break;
    }
    if (count == kMaxChain)
      return bad(fmt::format("{} holds more than {} certificates", certificate_name_, kMaxChain));
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1)
      return bad(
          fmt::format("{} holds a certificate that cannot be used: {}", certificate_name_, openssl_reason()));
  }
  ERR_clear_error();

  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader(key_pem).get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    const bool encrypted = key_pem.find("ENCRYPTED") != key_pem.npos;
    const auto reason = openssl_reason();
    if (encrypted)
      return bad(fmt::format(
          "{} is protected by a passphrase, which nobody is there to type: store it without", key_name_));
    return bad(fmt::format("{} holds no private key in PEM form (\"-----BEGIN PRIVATE KEY-----\"): {}",
                           key_name_, reason));
  }
  // use_PrivateKey refuses a key of another type than the certificate's, check_private_key one of the same
  // type.
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    ERR_clear_error();
    return bad(fmt::format("{} is not the key of the certificate in {}: put both of one pair there",
                           key_name_, certificate_name_));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return bad(fmt::format("{} cannot be used: {}", key_name_, openssl_reason()));
  return std::shared_ptr<const Loaded>(std::move(loaded));
}

Result<std::shared_ptr<ServerTls>> ServerTls::create(std::string_view certificate_pem,
                                                     std::string_view key_pem, std::string certificate_name,
                                                     std::string key_name) {
  std::shared_ptr<ServerTls> tls(new ServerTls(std::move(certificate_name), std::move(key_name)));
  if (auto replaced = tls->replace(certificate_pem, key_pem); !replaced)
    return fail(std::move(replaced.error()));
  return tls;
}

Result<void> ServerTls::replace(std::string_view certificate_pem, std::string_view key_pem) {
  auto loaded = load(certificate_pem, key_pem);
  if (!loaded) return fail(std::move(loaded.error()));
  const std::lock_guard lock(mutex_);
  loaded_.swap(*loaded);
  return {};
}

WallTime ServerTls::not_after() const {
  const std::lock_guard lock(mutex_);
  return loaded_->not_after;
}

SslHandle ServerTls::new_session() const {
  std::shared_ptr<const Loaded> loaded;
  {
    const std::lock_guard lock(mutex_);
    loaded = loaded_;
  }
  // The session takes a reference of its own to the context.
  return SslHandle(SSL_new(loaded->context.get()));
}

}  // namespace digester::net
