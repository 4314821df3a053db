// Names to addresses, against name servers that answer, refuse, lie or say nothing.
#include "net/client/dns.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "net/client/dns_server.hpp"
#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;

namespace {

struct Resolver {
  explicit Resolver(net::DnsOptions o) : dns(io, std::move(o)) {}
  Result<net::Addresses> operator()(const std::string& name, std::chrono::milliseconds limit = 3s) {
    const SteadyTime deadline = SystemClock().now() + limit;
    return run_task(io, [&] { return dns.resolve(name, deadline); });
  }
  net::asio::io_context io{1};
  net::Dns dns;
};

net::DnsOptions asking(const DnsServer& server) {
  net::DnsOptions options;
  options.servers = server.address();
  options.search = std::vector<std::string>{};
  options.ndots = 1;
  return options;
}

std::string shown(const Result<net::Addresses>& addresses) {
  if (!addresses) return "error: " + addresses.error().message;
  std::string out;
  for (const auto& address : *addresses)
    out += (out.empty() ? "" : " ") + address.to_string();
  return out;
}

std::optional<DnsReply> both(const std::string&, const std::string& type) {
  DnsReply reply;
  reply.addresses = type == "A" ? std::vector<std::string>{"192.0.2.1", "192.0.2.2"}
                                : std::vector<std::string>{"2001:db8::1"};
  return reply;
}

std::size_t count(const std::vector<std::string>& questions, const std::string& one) {
  return static_cast<std::size_t>(std::count(questions.begin(), questions.end(), one));
}

}  // namespace

TEST_CASE("A and AAAA are asked at once, IPv6 comes first") {
  DnsServer server(both);
  Resolver resolve(asking(server));
  CHECK(shown(resolve("a.example.test")) == "2001:db8::1 192.0.2.1 192.0.2.2");
  CHECK(server.questions().size() == 2);
}

TEST_CASE("a literal is its own answer and nobody is asked") {
  DnsServer server(both);
  Resolver resolve(asking(server));
  CHECK(shown(resolve("10.1.2.3")) == "10.1.2.3");
  CHECK(shown(resolve("fd00::1")) == "fd00::1");
  CHECK(server.questions().empty());
}

TEST_CASE("a silent name server costs its limit and no more") {
  DnsServer server([](auto&, auto&) { return std::nullopt; });
  auto options = asking(server);
  options.limit = 150ms;
  Resolver resolve(options);
  const Stopwatch watch;
  const auto result = resolve("a.example.test");
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timed_out);
  CHECK(watch.elapsed() >= 140ms);
  CHECK(watch.elapsed() < 1s);
}

TEST_CASE("a silent name server does not delay another name") {
  DnsServer server([](const std::string& name, const std::string& type) -> std::optional<DnsReply> {
    if (name.starts_with("dark")) return std::nullopt;
    return both(name, type);
  });
  Resolver resolve(asking(server));
  const SteadyTime deadline = SystemClock().now() + 1s;
  net::asio::co_spawn(resolve.io, resolve.dns.resolve("dark.example.test", deadline),
                      [](std::exception_ptr, Result<net::Addresses>) {});
  const Stopwatch watch;
  CHECK(resolve("light.example.test"));
  CHECK(watch.elapsed() < 100ms);
}

TEST_CASE("a second name server gets its turn within the limit") {
  DnsServer dark([](auto&, auto&) { return std::nullopt; });
  DnsServer light(both);
  auto options = asking(light);
  options.servers = dark.address() + "," + light.address();
  options.limit = 800ms;
  Resolver resolve(options);
  CHECK(shown(resolve("a.example.test")) == "2001:db8::1 192.0.2.1 192.0.2.2");
}

TEST_CASE("a name server that drops AAAA costs a moment, not the limit") {
  DnsServer server([](const std::string& name, const std::string& type) {
    return type == "AAAA" ? std::nullopt : both(name, type);
  });
  Resolver resolve(asking(server));
  const Stopwatch watch;
  CHECK(shown(resolve("a.example.test")) == "192.0.2.1 192.0.2.2");
  CHECK(watch.elapsed() < 1s);
}

TEST_CASE("no such name, no address, a failing server: told apart in kind or words") {
  DnsServer server([](const std::string& name, const std::string&) -> std::optional<DnsReply> {
    if (name.starts_with("nx")) return DnsReply{.code = 3};
    if (name.starts_with("fail")) return DnsReply{.code = 2};
    return DnsReply{};
  });
  auto options = asking(server);
  options.limit = 300ms;
  Resolver resolve(options);
  CHECK(shown(resolve("nx.example.test")) ==
        "error: nx.example.test does not resolve: there is no such name (check its spelling, and the DNS)");
  CHECK(
      shown(resolve("empty.example.test")) ==
      "error: empty.example.test does not resolve: there is no such name (check its spelling, and the DNS)");
  CHECK(shown(resolve("fail.example.test")).find("the name servers") != std::string::npos);
  CHECK(resolve("nx.example.test").error().kind == ErrorKind::unreachable);
}

TEST_CASE("names that cannot be are refused, whatever they hold") {
  DnsServer server(both);
  Resolver resolve(asking(server));
  for (const std::string& name : {std::string(64, 'a') + ".test", std::string(300, 'a'), std::string("a..b"),
                                  std::string("."), std::string("")}) {
    INFO(name);
    CHECK_FALSE(resolve(name));
  }
}

TEST_CASE("answers are kept for their own time, at most for ours") {
  DnsServer server([](const std::string& name, const std::string& type) {
    auto reply = both(name, type);
    reply->ttl = name.starts_with("zero") ? 0 : 3600;
    return reply;
  });
  auto options = asking(server);
  options.positive_ttl = 100ms;
  Resolver resolve(options);
  for (int i = 0; i < 3; ++i)
    CHECK(resolve("long.example.test"));
  CHECK(count(server.questions(), "long.example.test A") == 1);
  for (int i = 0; i < 3; ++i)
    CHECK(resolve("zero.example.test"));
  CHECK(count(server.questions(), "zero.example.test A") == 3);
  net::Timer pause(resolve.io.get_executor(), 120ms);
  pause.wait();
  CHECK(resolve("LONG.example.test"));
  CHECK(count(server.questions(), "long.example.test A") == 2);
}

TEST_CASE("that a name does not exist is kept for a short time") {
  DnsServer server([](auto&, auto&) { return DnsReply{.code = 3}; });
  auto options = asking(server);
  options.negative_ttl = 60ms;
  Resolver resolve(options);
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(resolve("nx.example.test"));
  CHECK(count(server.questions(), "nx.example.test A") == 1);
  net::Timer pause(resolve.io.get_executor(), 80ms);
  pause.wait();
  CHECK_FALSE(resolve("nx.example.test"));
  CHECK(count(server.questions(), "nx.example.test A") == 2);
}

TEST_CASE("no more names are kept and no more addresses taken than allowed") {
  DnsServer server([](const std::string&, const std::string& type) -> std::optional<DnsReply> {
    DnsReply reply;
    for (int i = 1; i <= 12; ++i)
      reply.addresses.push_back((type == "A" ? "192.0.2." : "2001:db8::") + std::to_string(i));
    return reply;
  });
  auto options = asking(server);
  options.cached_names = 5;
  options.addresses_per_name = 8;
  Resolver resolve(options);
  for (int i = 0; i < 20; ++i) {
    const auto result = resolve("n" + std::to_string(i) + ".example.test");
    REQUIRE(result);
    CHECK(result->size() == 8);
    CHECK(std::count_if(result->begin(), result->end(), [](const auto& a) { return a.is_v4(); }) == 4);
  }
  CHECK(resolve.dns.cached() == 5);
}

TEST_CASE("an answer too long for UDP is fetched over TCP") {
  DnsServer server([](const std::string&, const std::string& type) -> std::optional<DnsReply> {
    DnsReply reply;
    reply.truncated = true;
    if (type == "A")
      for (int i = 1; i <= 100; ++i)
        reply.addresses.push_back("192.0.2." + std::to_string(i));
    return reply;
  });
  auto options = asking(server);
  options.addresses_per_name = 200;
  Resolver resolve(options);
  const auto result = resolve("many.example.test");
  REQUIRE(result);
  CHECK(result->size() == 100);
}

TEST_CASE("search domains are tried as ndots says") {
  DnsServer server([](const std::string& name, const std::string& type) -> std::optional<DnsReply> {
    if (name == "registry.ns.svc.cluster.test" || name == "a.b.example.test") return both(name, type);
    return DnsReply{.code = 3};
  });
  auto options = asking(server);
  options.search = std::vector<std::string>{"ns.svc.cluster.test", "svc.cluster.test"};
  options.ndots = 5;
  Resolver resolve(options);
  CHECK(resolve("registry"));
  CHECK(server.questions().at(0).starts_with("registry.ns.svc.cluster.test "));
  CHECK(resolve("a.b.example.test"));
  CHECK(count(server.questions(), "a.b.example.test.ns.svc.cluster.test A") == 1);
  CHECK(count(server.questions(), "a.b.example.test A") == 1);
  // A trailing dot: exactly this name.
  CHECK(resolve("a.b.example.test."));
  CHECK(count(server.questions(), "a.b.example.test.ns.svc.cluster.test A") == 1);
  CHECK_FALSE(resolve("registry."));
}

TEST_CASE("the hosts file is honoured before any name server") {
  DnsServer server(both);
  Resolver resolve(asking(server));
  const auto result = resolve("localhost");
  REQUIRE(result);
  for (const auto& address : *result)
    CHECK(address.is_loopback());
  CHECK(server.questions().empty());
}

TEST_CASE("many who ask for one name are one question, and one who leaves takes nobody along") {
  DnsServer server([](const std::string& name, const std::string& type) {
    std::this_thread::sleep_for(30ms);
    return both(name, type);
  });
  Resolver resolve(asking(server));
  int answered = 0;
  int other = 0;
  net::asio::cancellation_signal cancel;
  const SteadyTime deadline = SystemClock().now() + 2s;
  for (int i = 0; i < 50; ++i) {
    auto done = [&](std::exception_ptr error, Result<net::Addresses> result) {
      ++(!error && result ? answered : other);
    };
    auto task = resolve.dns.resolve("a.example.test", i == 1 ? SystemClock().now() + 5ms : deadline);
    if (i == 0)
      net::asio::co_spawn(resolve.io, std::move(task),
                          net::asio::bind_cancellation_slot(cancel.slot(), done));
    else
      net::asio::co_spawn(resolve.io, std::move(task), done);
  }
  net::asio::post(resolve.io, [&] { cancel.emit(net::asio::cancellation_type::terminal); });
  resolve.io.run();
  CHECK(answered == 48);
  CHECK(other == 2);
  CHECK(server.questions().size() == 2);
}

TEST_CASE("no more questions at once than allowed") {
  DnsServer server([](auto&, auto&) { return std::nullopt; });
  auto options = asking(server);
  options.flights = 2;
  options.limit = 50ms;
  Resolver resolve(options);
  std::vector<ErrorKind> kinds;
  for (int i = 0; i < 3; ++i)
    net::asio::co_spawn(
        resolve.io, resolve.dns.resolve("n" + std::to_string(i) + ".test", SystemClock().now() + 2s),
        [&](std::exception_ptr, Result<net::Addresses> result) { kinds.push_back(result.error().kind); });
  resolve.io.run();
  CHECK(kinds == std::vector<ErrorKind>{ErrorKind::unavailable, ErrorKind::timed_out, ErrorKind::timed_out});
}

TEST_CASE("a resolver may go while questions are open") {
  DnsServer server([](auto&, auto&) { return std::nullopt; });
  net::asio::io_context io;
  {
    net::Dns dns(io, asking(server));
    net::asio::co_spawn(io, dns.resolve("a.test", SystemClock().now() + 50ms),
                        [](std::exception_ptr, Result<net::Addresses>) {});
    io.poll();
  }
  // The coroutine may not touch the Dns any more; it is destroyed with the io_context.
}

TEST_CASE("rebinding: the address that was checked is the one that is used") {
  ScriptedServer registry;
  registry.set_handler([](const std::string&) { return answer(200); });
  int asked = 0;
  DnsServer server([&](const std::string&, const std::string& type) {
    DnsReply reply;
    reply.ttl = 0;
    // First harmless, then home.
    if (type == "A") reply.addresses = {asked++ == 0 ? "192.0.2.1" : "127.0.0.1"};
    return std::optional(reply);
  });
  auto options = client_options();
  options.dns = asking(server);
  options.connect_limit = 50ms;
  Caller caller(options);
  auto request = request_to("http://rebind.example.test:" + std::to_string(registry.port()), 500ms);
  request.addresses = {};
  CHECK_FALSE(caller.send(request));
  request.deadline = SystemClock().now() + 500ms;
  CHECK(caller.send(request).error().kind == ErrorKind::forbidden);
  CHECK(registry.connection_count() == 0);
}
