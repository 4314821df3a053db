#include "net/client/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/post.hpp>
#include <mutex>
#include <stdexcept>

#include "net/client/address.hpp"
#include "net/client/identity.hpp"
#include "net/client/trust_store.hpp"

namespace digester::net {
namespace {

ContextPtr make_context(const Identity* identity) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // Idle connections give their buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  constexpr std::array<unsigned char, 9> http11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context.get(), http11.data(), http11.size());
  if (identity && !identity->use_in(context.get())) return nullptr;
  return context;
}

Error nothing_trusted(const TlsHints& hints) {
  Error error;
  error.kind = ErrorKind::unreachable;
  error.message =
      fmt::format("no certificate authority is trusted here: install ca-certificates, or add one {}",
                  hints.wording.add_ca);
  if (!hints.trouble.empty()) error.message += "; " + hints.trouble;
  error.settled = true;
  return error;
}

}  // namespace

// Shared with the thread that loads; `mutex` guards `io`, which is null once nobody waits any more. The rest
// belongs to the io_context's thread.
struct TlsContext::Loading {
  explicit Loading(asio::io_context& loop) : io(&loop), changed(loop.get_executor()) {}
  std::mutex mutex;
  asio::io_context* io;
  bool done = false;
  LoadedTrust trust;
  Condition changed;
};

TlsContext::TlsContext(asio::io_context& io, const TrustOptions& trust, TlsOptions options, Wording wording)
    : io_(io), trust_(trust), options_(std::move(options)), wording_(std::move(wording)) {
  if (!options_.certificate_pem.empty() || !options_.key_pem.empty()) {
    auto identity = read_identity(options_.certificate_pem, options_.key_pem);
    if (!identity) throw std::runtime_error(identity.error().message);
    identity_ = std::make_shared<const Identity>(std::move(*identity));
  }
  if (options_.insecure_skip_verify) trust_.system_store = false;
  for (const auto& path : trust_.ca_files) {
    auto text = read_ca_file(path);
    if (!text) throw std::runtime_error(text.error().message);
    extra_pem_.push_back(std::move(*text));
  }
}

TlsContext::~TlsContext() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(loading_->mutex);
    loading_->io = nullptr;
  }
  thread_.request_stop();
  thread_.join();
}

void TlsContext::prepare() {
  if (loading_) return;
  loading_ = std::make_shared<Loading>(io_);
  thread_ =
      std::jthread([loading = loading_, options = trust_, extra = extra_pem_](const std::stop_token& stop) {
        // A copyable handler, since the lambda travels through post().
        auto trust = std::make_shared<LoadedTrust>(load_trust(options, extra, stop));
        const std::scoped_lock lock(loading->mutex);
        if (!loading->io) return;
        asio::post(*loading->io, [loading, trust, warn = options.warn] {
          loading->trust = std::move(*trust);
          loading->done = true;
          if (!loading->trust.trouble.empty() && warn) warn(loading->trust.trouble);
          loading->changed.notify_all();
        });
      });
}

TlsHints TlsContext::hints() const {
  return {loading_ && loading_->done ? loading_->trust.trouble : std::string(), wording_};
}

// Called in the handshake.
int TlsContext::verify(X509_STORE_CTX* chain, void* self) {
  if (static_cast<TlsContext*>(self)->trusting_) return X509_verify_cert(chain);
  // Asked again once the trust store is there. Should anybody take this for an answer, it is none.
  X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  return ssl ? SSL_set_retry_verify(ssl) : 0;
}

Task<Result<void>> TlsContext::trusted(SteadyTime deadline) {
  prepare();
  const auto loading = loading_;
  while (!loading->done) {
    if (SystemClock().now() >= deadline)
      co_return fail(ErrorKind::timed_out, "no time left to load the trusted certificates");
    co_await loading->changed.wait(deadline);
  }
  if (loading->trust.certificates == 0 && !options_.insecure_skip_verify)
    co_return fail(nothing_trusted(hints()));
  if (!trusting_) SSL_CTX_set_cert_store(context_.get(), loading->trust.store.release());
  trusting_ = true;
  co_return Result<void>();
}

Result<SslPtr> TlsContext::session(std::string host) {
  if (!context_) {
    context_ = make_context(identity_.get());
    if (!context_) return fail(ErrorKind::internal, "TLS is not available");
    SSL_CTX_set_cert_verify_callback(context_.get(), &TlsContext::verify, this);
  }
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return fail(ErrorKind::internal, "TLS is not available");
  SSL_set_connect_state(ssl.get());
  if (options_.insecure_skip_verify) SSL_set_verify(ssl.get(), SSL_VERIFY_NONE, nullptr);
  if (!options_.server_name.empty()) host = options_.server_name;
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  while (host.ends_with('.'))
    host.pop_back();
  bool set = false;
  if (parse_literal(host)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1;
  } else {
    X509_VERIFY_PARAM_set_hostflags(
        verify, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    set = !host.empty() && X509_VERIFY_PARAM_set1_host(verify, host.data(), host.size()) == 1 &&
          SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  }
  if (!set) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, fmt::format("{} is no name that a certificate could have", host));
  }
  return ssl;
}

}  // namespace digester::net
