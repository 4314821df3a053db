#include "net/client/stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "base/text.hpp"

namespace digester::net {
namespace {

int fd_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// OpenSSL's socket BIO writes with write(2), which raises SIGPIPE on a closed connection; this one does not.
BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "digester socket");
    BIO_meth_set_write(made, [](BIO* bio, const char* data, int size) {
      BIO_clear_retry_flags(bio);
      const auto n = ::send(fd_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      if (n < 0 && would_block()) BIO_set_retry_write(bio);
      return static_cast<int>(n);
    });
    BIO_meth_set_read(made, [](BIO* bio, char* data, int size) {
      BIO_clear_retry_flags(bio);
      const auto n = ::recv(fd_of(bio), data, static_cast<std::size_t>(size), 0);
      if (n < 0 && would_block()) BIO_set_retry_read(bio);
      if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
      return static_cast<int>(n);
    });
    BIO_meth_set_ctrl(made, [](BIO* bio, int command, long, void*) -> long {
      if (command == BIO_CTRL_FLUSH) return 1;
      if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
      return 0;
    });
    return made;
  }();
  return method;
}

std::string openssl_words() {
  char text[256];
  const auto code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return "the connection was cut";
  ERR_error_string_n(code, text, sizeof text);
  return text::printable(text);
}

}  // namespace

Stream::~Stream() {
  // Best effort: says goodbye if the kernel takes it at once.
  if (ssl_ && !failed_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Task<bool> Stream::until_ready(int ssl_error) {
  const auto what = ssl_error == SSL_ERROR_WANT_WRITE ? Socket::wait_write : Socket::wait_read;
  auto [ec] = co_await socket_.async_wait(what, use_task);
  co_return !ec;
}

Task<Result<void>> Stream::start_tls(SslPtr session, TlsContext& context, std::string peer,
                                     SteadyTime deadline) {
  boost::system::error_code ec;
  socket_.native_non_blocking(true, ec);
  if (ec) co_return fail(ErrorKind::internal, "the socket cannot be used for TLS", ec.message());
  ssl_ = std::move(session);
  BIO* bio = BIO_new(socket_method());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket_.native_handle())));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  for (;;) {
    ERR_clear_error();
    const int n = SSL_do_handshake(ssl_.get());
    if (n == 1) break;
    const int why = SSL_get_error(ssl_.get(), n);
    bool again = false;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) again = co_await until_ready(why);
    if (why == SSL_ERROR_WANT_RETRY_VERIFY) {
      auto trusted = co_await context.trusted(deadline);
      failed_ = !trusted;
      if (!trusted) co_return fail(std::move(trusted.error()));
      again = true;
    }
    if (again) continue;
    failed_ = true;
    co_return fail(tls_error(ssl_.get(), peer, context.hints()));
  }
  // OpenSSL ends a handshake only with what the callback verified; asked once more, since all depends on it.
  const bool has_to_be = SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE;
  if (has_to_be && SSL_get_verify_result(ssl_.get()) != X509_V_OK) {
    failed_ = true;
    co_return fail(tls_error(ssl_.get(), peer, context.hints()));
  }
  co_return Result<void>();
}

Task<StreamRead> Stream::read_some(char* data, std::size_t size) {
  StreamRead read;
  if (!ssl_) {
    const auto space = asio::buffer(data, size);
    auto [ec, n] = co_await socket_.async_read_some(space, use_task);
    read.size = n;
    if (ec == asio::error::eof) {
      read.end = StreamEnd::orderly;
    } else if (ec) {
      read.end = StreamEnd::cut;
      read.cause = ec.message();
    }
    co_return read;
  }
  for (;;) {
    ERR_clear_error();
    if (SSL_read_ex(ssl_.get(), data, size, &read.size) == 1) co_return read;
    const int why = SSL_get_error(ssl_.get(), 0);
    bool again = false;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) again = co_await until_ready(why);
    if (again) continue;
    if (why == SSL_ERROR_ZERO_RETURN) {
      read.end = StreamEnd::orderly;
    } else {
      failed_ = true;
      read.end = StreamEnd::cut;
      read.cause = openssl_words();
    }
    co_return read;
  }
}

Task<bool> Stream::write(std::string_view bytes) {
  if (!ssl_) {
    const auto all = asio::buffer(bytes.data(), bytes.size());
    auto [ec, n] = co_await asio::async_write(socket_, all, use_task);
    co_return !ec;
  }
  while (!bytes.empty()) {
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n) == 1) {
      bytes.remove_prefix(n);
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), 0);
    bool again = false;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) again = co_await until_ready(why);
    if (again) continue;
    failed_ = true;
    co_return false;
  }
  co_return true;
}

bool Stream::quiet() {
  char byte = 0;
  if (!ssl_) return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && would_block();
  // A real read: it takes in session tickets, which are no one's answer, and meets everything else.
  ERR_clear_error();
  std::size_t n = 0;
  if (SSL_read_ex(ssl_.get(), &byte, 1, &n) == 1) return false;
  // A part of a record has arrived, too, though nothing of it can be read: it is the beginning of an answer
  // that nobody asked for. Once the header is there, OpenSSL calls the rest of it not pending.
  const bool between_records =
      SSL_has_pending(ssl_.get()) == 0 && std::string_view(SSL_rstate_string(ssl_.get())) == "RH";
  const bool nothing = SSL_get_error(ssl_.get(), 0) == SSL_ERROR_WANT_READ && between_records;
  if (!nothing) failed_ = true;
  ERR_clear_error();
  return nothing;
}

}  // namespace digester::net
