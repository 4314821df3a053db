// The server with a handler that does nothing, for scripts/bench.sh to compare with nginx `return 200`.
//
//   server_bench CERTIFICATE KEY [PORT [THREADS [RESPONSE_BYTES]]]     TLS; "-" as CERTIFICATE: plain HTTP
//
// Prints "listening on PORT", serves until SIGTERM or SIGINT.
#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <cstdlib>

#include "net/io_threads.hpp"
#include "net/server/server.hpp"
#include "net/server/server_tls.hpp"

namespace {

using namespace digester;

class Canned final : public net::Handler {
 public:
  explicit Canned(std::size_t size) : body_(size, 'x') {}

  bool try_handle(net::ServerRequest& request, net::ServerResponse& response) override {
    static_cast<void>(request);
    response.body.assign(body_);
    return true;
  }
  net::Task<> handle(net::ServerRequest&, net::ServerResponse&) override { co_return; }

 private:
  const std::string body_;
};

int run(int argc, char** argv) {
  const std::string certificate = argv[1];
  net::ServerOptions options;
  options.name = "bench";
  options.address = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(argc > 3 ? std::atoi(argv[3]) : 0);
  const int threads = argc > 4 ? std::atoi(argv[4]) : 1;

  const SystemClock clock;
  const Logger log(
      clock, [](std::string_view line) { fmt::print(stderr, "{}", line); }, Level::warn, LogFormat::text);
  Metrics metrics;
  Canned handler(argc > 5 ? static_cast<std::size_t>(std::atoi(argv[5])) : 2);
  net::asio::io_context main_context(1);
  std::unique_ptr<net::CertificateFiles> files;
  if (certificate != "-") {
    auto opened = net::CertificateFiles::open(main_context, certificate, argv[2], clock, log, metrics);
    if (!opened) {
      fmt::print(stderr, "{}\n", opened.error().message);
      return 1;
    }
    files = std::move(*opened);
  }
  net::IoThreads io(static_cast<std::size_t>(threads), "bench");
  net::Server server(io.contexts(), options, handler, clock, log, metrics, files ? files->tls() : nullptr);
  if (const auto started = server.start(); !started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return 1;
  }
  fmt::print("listening on {}\n", server.port());
  std::fflush(stdout);
  net::asio::signal_set signals(main_context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) { main_context.stop(); });
  io.start();
  main_context.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: server_bench CERTIFICATE|- KEY [PORT [THREADS [RESPONSE_BYTES]]]\n");
    return 2;
  }
  return run(argc, argv);
}
