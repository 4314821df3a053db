// A server inside the test process that does exactly what a test tells it to, right or wrong: the broken
// registries, proxies and token services that no real program will play on demand.
//
//   ScriptedServer server;                                  // plain http on 127.0.0.1, a free port
//   server.enqueue({await_request(), send(answer(200, "hello")), close()});
//   … let the client talk to server.port() …
//   REQUIRE(server.requests().at(0).head.starts_with("GET / HTTP/1.1\r\n"));
//
// Each accepted connection takes the oldest script that was enqueued. When none is left, it is served by the
// reactor: for each request on that connection the steps that the reactor returns are played, until one of
// them ends the connection. Without a reactor such a connection is closed at once.
//
// The server runs on a thread of its own; every member is safe to call from any thread. Reactors are called
// on the server's thread. The destructor cuts all connections and joins the thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/test_certs.hpp"

namespace digester::test {

// One step of a connection's life. Make them with the functions below.
struct Step {
  enum class Kind { await_request, send, drip, delay, close, reset, hang, tunnel };
  Kind kind;
  std::string bytes = {};
  std::size_t count = 0;
  std::chrono::milliseconds time{0};
  std::uint16_t port = 0;
};
using Script = std::vector<Step>;

// Reads one request, head and body (by Content-Length), and records it. If the peer closes, the script ends.
Step await_request();
// Writes these bytes, nothing added.
Step send(std::string bytes);
// Writes `bytes` in pieces of `count` bytes, one every `every`.
Step drip(std::string bytes, std::size_t count, std::chrono::milliseconds every);
Step delay(std::chrono::milliseconds time);
// An orderly end (with TLS: close_notify first). The end of a script does the same.
Step close();
// RST.
Step reset();
// Says nothing more, and waits until the peer closes or the server ends.
Step hang();
// Connects to this port of 127.0.0.1 and copies bytes both ways until either side ends (for CONNECT proxies).
Step tunnel(std::uint16_t port);

// "HTTP/1.1 <status> Status\r\n<fields>Content-Length: n\r\n\r\n<body>".
std::string answer(unsigned status, std::string_view body = {},
                   const std::vector<std::pair<std::string, std::string>>& fields = {});

struct RecordedRequest {
  std::string head;  // raw, with the empty line that ends it
  std::string body;
  std::size_t connection = 0;  // 0 for the first one accepted

  std::string method() const;
  std::string target() const;
  // The first value of a field, trimmed; the name compares case-insensitively.
  std::optional<std::string> field(std::string_view name) const;
};

struct ServerTls {
  TestCertificate certificate;
  // Protocols that the server accepts by ALPN; if the client offers none of them: a fatal alert. Empty: the
  // extension is ignored.
  std::vector<std::string> alpn = {};
  // If set: clients must show a certificate of this authority (PEM).
  std::string client_ca_pem = {};
};

class ScriptedServer {
 public:
  using Reactor = std::function<Script(const RecordedRequest&)>;
  using Handler = std::function<std::string(const std::string& request_head)>;

  explicit ScriptedServer(std::optional<ServerTls> tls = std::nullopt);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:<port>"

  void enqueue(Script script);
  void set_reactor(Reactor reactor);
  // The simple case of a reactor: the bytes to send for this request head; empty ends the connection.
  void set_handler(Handler handler);

  std::vector<RecordedRequest> requests() const;
  std::size_t request_count() const;
  std::size_t connection_count() const;  // accepted so far
  std::size_t open_connections() const;  // accepted and not yet over
  std::size_t failed_handshakes() const;
  std::vector<std::string> server_names() const;  // asked for by SNI, one a handshake; empty: none
  // Wait until the condition holds; false if it does not within `limit`.
  bool wait_for_requests(std::size_t count, std::chrono::milliseconds limit = std::chrono::seconds(2)) const;
  bool wait_for_connections(std::size_t count,
                            std::chrono::milliseconds limit = std::chrono::seconds(2)) const;
  bool wait_until_idle(std::chrono::milliseconds limit = std::chrono::seconds(2)) const;  // none open

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digester::test
