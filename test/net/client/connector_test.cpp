// IPv6 and IPv4 raced, dead addresses passed over.
#include "net/client/connector.hpp"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <catch2/catch.hpp>

#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;

namespace {

net::Addresses addresses(std::initializer_list<const char*> texts) {
  net::Addresses out;
  for (const char* text : texts)
    out.push_back(net::asio::ip::make_address(text));
  return out;
}

constexpr net::ConnectLimits kLimits{.each = 300ms, .stagger = 30ms, .user_timeout = 10s};

struct Outcome {
  std::string address;
  Error error;
};

net::Task<Outcome> shown(net::Task<Result<net::Connected>> task) {
  auto result = co_await std::move(task);
  Outcome outcome;
  if (result)
    outcome.address = result->address.to_string();
  else
    outcome.error = result.error();
  co_return outcome;
}

Outcome connect(net::Addresses to, std::uint16_t port, net::ConnectLimits limits = kLimits,
                std::chrono::milliseconds limit = 2s) {
  net::asio::io_context io;
  const SteadyTime deadline = SystemClock().now() + limit;
  auto result = run_task(io, [&] { return shown(net::connect(std::move(to), port, limits, deadline)); });
  return result;
}

// A port of 127.0.0.2 that answers no SYN: its queue of connections is full.
struct DarkPort {
  DarkPort() {
    acceptor.open(net::Tcp::v4());
    acceptor.bind({net::asio::ip::make_address("127.0.0.2"), 0});
    ::listen(acceptor.native_handle(), 0);
    port = acceptor.local_endpoint().port();
    for (auto& filler : fillers) {
      filler.open(net::Tcp::v4());
      filler.native_non_blocking(true);
      const auto to = acceptor.local_endpoint();
      (void)::connect(filler.native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    }
  }
  net::asio::io_context io;
  net::asio::basic_socket_acceptor<net::Tcp, net::Executor> acceptor{io.get_executor()};
  std::vector<net::Socket> fillers = [this] {
    std::vector<net::Socket> sockets;
    for (int i = 0; i < 3; ++i)
      sockets.emplace_back(io.get_executor());
    return sockets;
  }();
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE("families take turns, IPv6 first") {
  const auto order = net::interleave(addresses({"10.0.0.1", "10.0.0.2", "::1", "10.0.0.3", "::2"}));
  CHECK(order == addresses({"::1", "10.0.0.1", "::2", "10.0.0.2", "10.0.0.3"}));
}

TEST_CASE("a refused address is passed over at once") {
  ScriptedServer server;
  auto limits = kLimits;
  limits.stagger = 1s;
  const Stopwatch watch;
  CHECK(connect(addresses({"127.0.0.2", "127.0.0.3", "127.0.0.1"}), server.port(), limits).address ==
        "127.0.0.1");
  CHECK(watch.elapsed() < 500ms);
}

TEST_CASE("an unreachable family costs nothing") {
  ScriptedServer server;
  CHECK(connect(addresses({"2001:db8::1", "127.0.0.1"}), server.port()).address == "127.0.0.1");
}

TEST_CASE("a dark address costs the stagger, not its limit") {
  const DarkPort dark;
  net::asio::io_context io;
  net::asio::basic_socket_acceptor<net::Tcp, net::Executor> light(io.get_executor());
  light.open(net::Tcp::v4());
  light.bind({net::asio::ip::make_address("127.0.0.1"), dark.port});
  light.listen();
  const Stopwatch watch;
  CHECK(connect(addresses({"127.0.0.2", "127.0.0.1"}), dark.port).address == "127.0.0.1");
  CHECK(watch.elapsed() >= 25ms);
  CHECK(watch.elapsed() < 250ms);
}

TEST_CASE("nobody answers: a time-out, whose detail alone has addresses") {
  const DarkPort dark;
  auto limits = kLimits;
  limits.each = 60ms;
  const auto outcome = connect(addresses({"127.0.0.2"}), dark.port, limits);
  CHECK(outcome.error.kind == ErrorKind::timed_out);
  CHECK(outcome.error.message.find("127") == std::string::npos);
  CHECK(outcome.error.detail.find("127.0.0.2") != std::string::npos);
}

TEST_CASE("everybody refuses: that is said") {
  std::uint16_t port = 0;
  {
    ScriptedServer gone;
    port = gone.port();
  }
  const auto outcome = connect(addresses({"127.0.0.1", "127.0.0.2"}), port);
  CHECK(outcome.error.kind == ErrorKind::unreachable);
  CHECK(outcome.error.message == "connection refused");
  CHECK(outcome.error.detail == "127.0.0.1: connection refused; 127.0.0.2: connection refused");
}

TEST_CASE("the deadline ends all attempts") {
  const DarkPort dark;
  auto limits = kLimits;
  limits.each = 5s;
  const Stopwatch watch;
  CHECK(connect(addresses({"127.0.0.2"}), dark.port, limits, 50ms).error.kind == ErrorKind::timed_out);
  CHECK(watch.elapsed() < 500ms);
}
