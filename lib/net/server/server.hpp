// An asynchronous HTTP/1.1 server, plain or over TLS, made for a few busy keep-alive connections and safe
// against many hostile ones. The webhook, the health and the metrics listener are all instances of it.
//
// One acceptor hands sockets out to the io_contexts in turn; a connection stays on its io_context, whose one
// thread runs everything of it, so nothing is locked and nothing is shared but a few counters. A connection
// borrows its buffers for an exchange and gives them back: an idle one holds none. It has one timer, which is
// armed anew only when a deadline moves nearer.
//
// Requests that could be read in two ways are refused (RFC 9112 §11: request smuggling): a Content-Length
// beside Transfer-Encoding, more than one of either, folded lines, bare line feeds, control characters. The
// answer is then 400 and the connection is closed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "net/server/handler.hpp"
#include "net/task.hpp"

namespace digester::net {

namespace server {
class Core;
class Listener;
}  // namespace server
class ServerTls;

struct ServerOptions {
  // Names the listener in metrics (label `listener`) and in the log.
  std::string name = "webhook";
  // An IP address; empty means every address of IPv6 and IPv4.
  std::string address;
  // 0 lets the system choose; Server::port() tells what it chose.
  std::uint16_t port = 8443;

  std::size_t max_head = 64 * 1024;        // request line and fields, bytes; over it 431
  std::size_t max_body = 8 * 1024 * 1024;  // bytes; over it 413
  // Open connections. One more is accepted and closed at once, so that its client learns of it instead of
  // waiting in the kernel's queue.
  std::size_t max_connections = 4096;
  // Bytes of request bodies held at one time by all connections. Over it the request is read, thrown away
  // and answered with 429 and Retry-After: 1, which the API server retries.
  std::size_t max_bytes_in_flight = 64 * 1024 * 1024;

  Duration handshake_limit = std::chrono::seconds(10);  // from accept to the end of the TLS handshake
  Duration head_limit = std::chrono::seconds(10);       // from a request's first byte to its empty line
  Duration body_limit = std::chrono::seconds(30);       // from there to the end of the body
  Duration write_limit = std::chrono::seconds(30);      // from the response's first byte to its last
  // Between requests, and before the first one (clients open connections ahead of need). Must exceed the 90 s
  // after which the API server closes: a POST on a connection that we just closed is not retried.
  Duration idle_limit = std::chrono::seconds(180);
  // What a client gets whose first or next request may be on its way when its connection is to be closed.
  Duration stop_limit = std::chrono::milliseconds(500);
};

class Server {
 public:
  // One thread runs each io_context (see IoThreads). Contexts, handler, clock, log and metrics outlive the
  // server. Without `tls` it speaks plain HTTP.
  Server(std::vector<asio::io_context*> contexts, ServerOptions options, Handler& handler, const Clock& clock,
         const Logger& log, Metrics& metrics, std::shared_ptr<ServerTls> tls = nullptr);
  // Closes what is left, as abort() does. Destroy it after stop(), or when no context runs any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds, listens and accepts. The error names the address and what to do.
  Result<void> start();
  // The port that is listened on; 0 before start().
  std::uint16_t port() const;
  // Open connections, those shaking hands included.
  std::size_t connections() const;

  // From now on every response carries `Connection: close`; connections are still accepted and answered.
  // From any thread.
  void begin_drain();
  // Stops accepting, closes idle connections and waits until all others have had their answer, or until
  // `bound` has passed: then the rest is cut off. True when nothing was cut off. Call once, on any
  // io_context.
  Task<bool> stop(Duration bound);
  // Closes everything now. From any thread.
  void abort();

 private:
  std::shared_ptr<server::Core> core_;
  std::shared_ptr<server::Listener> listener_;
};

}  // namespace digester::net
