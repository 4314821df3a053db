// The server's side of TLS: which protocol, which curves, and a certificate that can be replaced while
// connections live.
//
// TLS 1.2 and 1.3, P-256 first (it signs and agrees fastest), ALPN "http/1.1". Neither session tickets nor a
// session cache: the API server uses neither, so both would be work and memory for nothing. A connection
// keeps the certificate it started with; a reload swaps the whole SSL_CTX for new ones (RFC 8446, RFC 7301).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "net/task.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace digester::net {

struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslHandle = std::unique_ptr<ssl_st, SslDeleter>;

class ServerTls {
 public:
  // Certificate chain (leaf first) and key, both PEM. `certificate_name` and `key_name` stand for them in
  // error messages: paths, usually. Errors: not PEM, an encrypted key, a key that does not belong.
  static Result<std::shared_ptr<ServerTls>> create(std::string_view certificate_pem, std::string_view key_pem,
                                                   std::string certificate_name = "the certificate",
                                                   std::string key_name = "the key");
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  // New connections get the new pair. On error the old one stays in use. From any thread.
  Result<void> replace(std::string_view certificate_pem, std::string_view key_pem);
  // When the leaf certificate in use expires. From any thread.
  WallTime not_after() const;
  // A new server-side session with the pair in use; null when OpenSSL has no memory. From any thread.
  SslHandle new_session() const;

 private:
  struct Loaded;
  ServerTls(std::string certificate_name, std::string key_name);
  Result<std::shared_ptr<const Loaded>> load(std::string_view certificate_pem,
                                             std::string_view key_pem) const;

  const std::string certificate_name_;
  const std::string key_name_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Loaded> loaded_;
};

// Keeps a ServerTls in step with two files: reads them at start, then again whenever they change, also when
// a Kubernetes secret volume swaps its `..data` link. A pair that is rubbish or does not match is logged and
// counted, and the one in use stays.
//
// Metrics: digester_tls_certificate_not_after_timestamp_seconds,
// digester_tls_certificate_reloads_total{result}.
class CertificateFiles {
 public:
  // Errors name the file and what to do. `io` runs the watch; log, clock and metrics outlive the object.
  static Result<std::unique_ptr<CertificateFiles>> open(asio::io_context& io,
                                                        const std::string& certificate_path,
                                                        const std::string& key_path, const Clock& clock,
                                                        const Logger& log, Metrics& metrics);
  // On the thread of `io`, or when it does not run.
  ~CertificateFiles();
  const std::shared_ptr<ServerTls>& tls() const;

 private:
  struct Impl;
  explicit CertificateFiles(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace digester::net
