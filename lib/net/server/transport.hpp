// A connected socket, plain or under TLS, read and written without waiting: the caller waits for readiness.
//
// OpenSSL works on the socket itself. Asio's ssl::stream would copy every byte once more through a pair of
// memory buffers and keep some 70 KiB a connection.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>

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

  Socket socket_;
  SslHandle ssl_;
  int descriptor_;
  bool established_ = false;
  bool broken_ = false;
  TlsFailure tls_failure_ = TlsFailure::none;
};

}  // namespace digester::net::server
