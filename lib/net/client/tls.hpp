// TLS as a client: the context with its trust store, loaded when first needed, and sessions that verify.
// A handshake begins before the trust store is there, and waits for it when the peer's certificate has come:
// what does not speak TLS is found out at once.
//
// TLS 1.2 at least, ALPN http/1.1, host names and addresses checked against the subject alternative names
// (the common name never counts), SNI for names only. One thread, the io_context's; the loading runs beside
// it.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "net/client/client_options.hpp"
#include "net/condition.hpp"
#include "net/task.hpp"

namespace digester::net {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
using SslPtr = std::unique_ptr<SSL, FreeSsl>;

struct Identity;

// What errors of a handshake say beside the cause.
struct TlsHints {
  std::string trouble = {};  // what of SSL_CERT_FILE and SSL_CERT_DIR is no use; empty: nothing
  Wording wording = {};
};

class TlsContext {
 public:
  // Reads the CA files and our own certificate; throws std::runtime_error if one of them is no use.
  TlsContext(asio::io_context& io, const TrustOptions& trust, TlsOptions options, Wording wording = {});
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Begins to load the trust store unless that has been done: called as soon as it is foreseeable that a
  // certificate has to be verified, so that it goes on while names are resolved and connections made.
  void prepare();

  // A session for this host (a name or a literal; TlsOptions::server_name goes before it), ready for the
  // handshake, in which SSL_ERROR_WANT_RETRY_VERIFY says to wait for trusted(). Not to outlive this.
  Result<SslPtr> session(std::string host);
  // Once there has been a session: returns when the trust store is there. An error if nothing is trusted.
  Task<Result<void>> trusted(SteadyTime deadline);
  // Of the trust store, as far as it is known.
  TlsHints hints() const;

 private:
  struct Loading;
  static int verify(X509_STORE_CTX* chain, void* self);
  asio::io_context& io_;
  TrustOptions trust_;
  TlsOptions options_;
  Wording wording_;
  std::shared_ptr<const Identity> identity_;  // null: we show no certificate
  std::vector<std::string> extra_pem_;
  ContextPtr context_;
  bool trusting_ = false;  // the trust store is in the context
  std::shared_ptr<Loading> loading_;
  std::jthread thread_;
};

// What went wrong in a handshake that has just failed on this thread: cause and cure in one line for people
// who may know (`message`), OpenSSL's own words in `detail`. Clears OpenSSL's error queue. `hints` name
// the cures.
//   unreachable  the certificate is not accepted, the versions do not meet, the connection was cut
//   unsupported  the peer insists on another protocol than HTTP/1.1
//   protocol     what answers does not speak TLS
Error tls_error(const SSL* ssl, const std::string& peer, const TlsHints& hints);

}  // namespace digester::net
