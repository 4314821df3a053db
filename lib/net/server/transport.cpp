#include "net/server/transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace digester::net::server {
namespace {

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

ssize_t receive(int descriptor, char* to, std::size_t size, int flags) {
  ssize_t got;
  do
    got = ::recv(descriptor, to, size, flags | MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  return got;
}

ssize_t transmit(int descriptor, const char* from, std::size_t size) {
  ssize_t sent;
  do
    sent = ::send(descriptor, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// A stale error of anybody's on this thread would be taken for ours.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

TlsFailure classify(unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
      return TlsFailure::plain_http;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    // An authority of the same name with another key: a CA that was made anew.
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return TlsFailure::certificate_refused;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return TlsFailure::no_shared_parameters;
    default:
      return TlsFailure::other;
  }
}

}  // namespace

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that has gone would end the process with
// SIGPIPE.
int Transport::bio_read(BIO* bio, char* to, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  auto& source = *static_cast<Source*>(BIO_get_data(bio));
  if (const auto ahead = source.end - source.begin; ahead != 0) {
    *got = std::min(size, ahead);
    std::memcpy(to, source.ahead.data() + source.begin, *got);
    source.begin += *got;
    return 1;
  }
  const ssize_t n = receive(source.descriptor, to, size, 0);
  if (n > 0) {
    *got = static_cast<std::size_t>(n);
    return 1;
  }
  *got = 0;
  if (n < 0 && would_block()) BIO_set_retry_read(bio);
  return 0;
}

int Transport::bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* sent) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = transmit(static_cast<Source*>(BIO_get_data(bio))->descriptor, from, size);
  if (n > 0) {
    *sent = static_cast<std::size_t>(n);
    return 1;
  }
  *sent = 0;
  if (n < 0 && would_block()) BIO_set_retry_write(bio);
  return 0;
}

const BIO_METHOD* Transport::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

Transport::Transport(Socket socket, SslHandle ssl)
    : socket_(std::move(socket)), ssl_(std::move(ssl)), descriptor_(socket_.native_handle()) {
  if (!ssl_) return;
  source_ = std::make_unique<Source>();
  source_->descriptor = descriptor_;
  BIO* bio = BIO_new(bio_method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, source_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

IoResult Transport::tls_problem(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return {IoStatus::want_read};
  if (error == SSL_ERROR_WANT_WRITE) return {IoStatus::want_write};
  if (error == SSL_ERROR_ZERO_RETURN) return {IoStatus::closed};
  broken_ = true;  // SSL_shutdown must not be called after these
  if (error != SSL_ERROR_SSL) return {IoStatus::closed};
  tls_failure_ = classify(ERR_peek_error());
  ERR_clear_error();
  return {IoStatus::failed};
}

IoResult Transport::handshake() {
  if (!ssl_ || established_) return {IoStatus::done};
  forget_errors();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return tls_problem(result);
  established_ = true;
  return {IoStatus::done};
}

IoResult Transport::read(char* to, std::size_t size) {
  if (ssl_) {
    forget_errors();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), to, size, &got);
    return result == 1 ? IoResult{IoStatus::done, got} : tls_problem(result);
  }
  const ssize_t got = receive(descriptor_, to, size, 0);
  if (got > 0) return {IoStatus::done, static_cast<std::size_t>(got)};
  return {got < 0 && would_block() ? IoStatus::want_read : IoStatus::closed};
}

IoResult Transport::write(const char* from, std::size_t size) {
  if (ssl_) {
    forget_errors();
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), from, size, &sent);
    return result == 1 ? IoResult{IoStatus::done, sent} : tls_problem(result);
  }
  const ssize_t sent = transmit(descriptor_, from, size);
  if (sent > 0) return {IoStatus::done, static_cast<std::size_t>(sent)};
  return {sent < 0 && would_block() ? IoStatus::want_write : IoStatus::closed};
}

bool Transport::has_pending() const {
  return ssl_ && (SSL_has_pending(ssl_.get()) == 1 || source_->begin != source_->end);
}

bool Transport::has_unread() const {
  char byte;
  return receive(descriptor_, &byte, 1, MSG_PEEK) > 0;
}

void Transport::shutdown() {
  if (ssl_ && established_ && !broken_) {
    forget_errors();
    SSL_shutdown(ssl_.get());
  }
  ::shutdown(descriptor_, SHUT_WR);
}

void Transport::send_plain(std::string_view text) {
  static_cast<void>(transmit(descriptor_, text.data(), text.size()));
}

}  // namespace digester::net::server
