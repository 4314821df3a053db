// A connected socket, plain or under TLS, read and written without waiting: the caller waits for readiness.
//
// OpenSSL works on the socket itself. Asio's ssl::stream would copy every byte once more through a pair of
// memory buffers and keep some 70 KiB a connection.
#pragma once

#include <openssl/bio.h>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "net/server/server_tls.hpp"
#include "net/task.hpp"

namespace digester::net::server {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

enum class IoStatus {
  done,
  want_read,   // call again, with the same arguments, when the socket is readable
  want_write,  // likewise, writable
  closed,      // by the peer, in whatever way
  failed,      // the peer broke TLS; nothing more can be sent
};

// Why a handshake (or, with TLS 1.3, the first read after it) failed, as a metric label.
enum class TlsFailure { none, plain_http, certificate_refused, no_shared_parameters, other };

struct IoResult {
  IoStatus status;
  std::size_t size = 0;  // bytes moved, when done
};

class Transport {
 public:
  // Without `ssl` it is plain.
  Transport(Socket socket, SslHandle ssl);

  Socket& socket() { return socket_; }
  bool is_tls() const { return ssl_ != nullptr; }

  IoResult handshake();
  IoResult read(char* to, std::size_t size);
  IoResult write(const char* from, std::size_t size);

  // Calls `handler(true)` when there is something to read (or to say about the peer's end of it), or room to
  // write; `handler(false)` when the socket's waits were cancelled. Under TLS a wait may have taken bytes out
  // of the socket before its handler is called: only cancelling tells. The transport outlives the wait.
  template <typename Handler>
  void wait_readable(Handler handler);
  template <typename Handler>
  void wait_writable(Handler handler);

  // Bytes that have left the socket but have not been read: the socket's readiness does not tell of them.
  bool has_pending() const;
  // Bytes that are still in the socket; the end of the stream is none.
  bool has_unread() const;

  // Says goodbye: TLS close_notify, end of stream. What the peer still sends can be read and dropped.
  void shutdown();
  // For a peer that speaks HTTP to a TLS port; best effort.
  void send_plain(std::string_view text);

  TlsFailure tls_failure() const { return tls_failure_; }

 private:
  IoResult tls_problem(int result);

  // What a wait under TLS has read already. Asio's wait for mere readiness costs a system call of its own
  // each time; its receive does not, and brings what OpenSSL would have fetched next. Most requests fit.
  static constexpr std::size_t kAhead = 4096;
  struct Source {
    int descriptor;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::array<char, kAhead> ahead;
  };
  static int bio_read(BIO* bio, char* to, std::size_t size, std::size_t* got);
  static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* sent);
  static const BIO_METHOD* bio_method();

  Socket socket_;
  std::unique_ptr<Source> source_;  // under TLS
  SslHandle ssl_;
  int descriptor_;
  bool established_ = false;
  bool broken_ = false;
  TlsFailure tls_failure_ = TlsFailure::none;
};

template <typename Handler>
void Transport::wait_readable(Handler handler) {
  // Not has_pending(): a part of a record is pending as well, and only the socket brings the rest.
  if (source_ && source_->begin != source_->end)
    return asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable { handler(true); });
  if (!source_)
    return socket_.async_wait(
        Socket::wait_read,
        [handler = std::move(handler)](const boost::system::error_code& error) mutable { handler(!error); });
  source_->begin = source_->end = 0;
  socket_.async_receive(
      asio::buffer(source_->ahead),
      [this, handler = std::move(handler)](const boost::system::error_code& error, std::size_t size) mutable {
        source_->end = size;
        handler(error != asio::error::operation_aborted);
      });
}

template <typename Handler>
void Transport::wait_writable(Handler handler) {
  socket_.async_wait(
      Socket::wait_write,
      [handler = std::move(handler)](const boost::system::error_code& error) mutable { handler(!error); });
}

}  // namespace digester::net::server
