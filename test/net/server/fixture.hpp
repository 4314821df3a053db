// A server on a free port with a handler that does what the path says.
#pragma once

#include <atomic>
#include <future>
#include <string>

#include "net/io_threads.hpp"
#include "net/server/raw_client.hpp"
#include "net/server/server.hpp"
#include "net/server/server_tls.hpp"
#include "support/capture_log.hpp"

namespace digester::test {

//   /async…        the echo below, after 20 ms, from the coroutine
//   /hold…         the echo, once `released` is true
//   /throw         throws from try_handle(); /throw-async from handle()
//   /size/N        a body of N bytes
//   /status/N      status N, an extra field "X-Extra: yes"
//   anything else  an echo: "METHOD path|query|content type|body"
class PathHandler final : public net::Handler {
 public:
  bool try_handle(net::ServerRequest& request, net::ServerResponse& response) override;
  net::Task<> handle(net::ServerRequest& request, net::ServerResponse& response) override;

  std::atomic<bool> released{false};
  std::atomic<int> held{0};     // requests inside /hold now
  std::atomic<int> handled{0};  // all that reached the handler
};

class TestServer {
 public:
  explicit TestServer(net::ServerOptions options = {}, std::shared_ptr<net::ServerTls> tls = nullptr,
                      std::size_t threads = 2);
  ~TestServer();

  std::uint16_t port() const { return server->port(); }
  // Runs Server::stop() to its end.
  bool stop(Duration bound = std::chrono::seconds(3));
  // The value of a metric of this server, by name and any further label: `metric("…", "reason=\"timeout\"")`.
  double metric(const std::string& name, const std::string& label = {}) const;
  // Waits, at most three seconds, for the metric to reach a value: the server counts after it has answered.
  bool reaches(const std::string& name, double value, const std::string& label = {}) const;

  SystemClock clock;
  CaptureLog log;
  Metrics metrics;
  PathHandler handler;
  net::IoThreads threads;
  std::unique_ptr<net::Server> server;
};

// Server::stop() that has begun: from the constructor on every answer is a connection's last.
class Stopping {
 public:
  explicit Stopping(TestServer& server, Duration bound = std::chrono::seconds(10));
  // Runs it to its end.
  bool finish();

 private:
  net::asio::io_context io_{1};
  std::future<bool> clean_;
};

// Asks `condition` every few milliseconds, at most three seconds.
template <typename F>
bool eventually(F condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace digester::test
