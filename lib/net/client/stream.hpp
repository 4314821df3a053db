// One TCP connection, with or without TLS on it, without buffers of its own: what was not read is still in
// the kernel, so "is anything waiting there?" has an exact answer (asio's TLS stream hides read-ahead bytes).
//
// One operation at a time in each direction; cancellable; belongs to its io_context's thread.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/client/tls.hpp"
#include "net/task.hpp"

namespace digester::net {

using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;

enum class StreamEnd {
  open,
  orderly,  // FIN, and with TLS a close_notify before it
  cut,      // reset, timed out below, cancelled, or with TLS a FIN alone: perhaps not all that was sent
};

struct StreamRead {
  std::size_t size = 0;
  StreamEnd end = StreamEnd::open;
  std::string cause = {};  // of a cut, for the log
};

class Stream {
 public:
  explicit Stream(Socket socket) : socket_(std::move(socket)) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The handshake on the connection as it stands, with a session of `context`. `peer` names it in errors. A
  // stream whose handshake failed is of no further use.
  Task<Result<void>> start_tls(SslPtr session, TlsContext& context, std::string peer, SteadyTime deadline);

  // At least one byte, or the end. `data` outlives the call.
  Task<StreamRead> read_some(char* data, std::size_t size);
  // All of it. False: the connection is cut. `bytes` outlives the call.
  Task<bool> write(std::string_view bytes);

  // Nothing has arrived, no end either. Consumes what it finds, so that a stream that was not quiet can only
  // be closed.
  bool quiet();

 private:
  Task<bool> until_ready(int ssl_error);

  Socket socket_;
  SslPtr ssl_;
  bool failed_ = false;
};

}  // namespace digester::net
