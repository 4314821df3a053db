// How a server ends: nothing in flight is dropped.
#include <catch2/catch.hpp>

#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "net/server/fixture.hpp"

using namespace digester;
using namespace digester::test;
using namespace std::chrono_literals;

namespace {

bool refuses_connections(std::uint16_t port) {
  try {
    const RawClient client(port);
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

}  // namespace

TEST_CASE("While draining, old and new connections are answered and told to close") {
  TestServer server;
  RawClient old_one(server.port());
  CHECK_FALSE(old_one.ask(get("/")).value().closes());
  server.server->begin_drain();
  CHECK(old_one.ask(get("/async")).value().closes());
  CHECK(old_one.ends());
  RawClient new_one(server.port());
  CHECK(new_one.ask(post("/", "x")).value().closes());
  CHECK(new_one.ends());
}

TEST_CASE("Stopping waits for what is in flight, closes what is idle and accepts no more") {
  TestServer server;
  RawClient idle(server.port());
  REQUIRE(idle.ask(get("/")));
  RawClient busy(server.port());
  REQUIRE(busy.send(get("/hold")));
  RawClient half(server.port());
  REQUIRE(half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha"));
  REQUIRE(eventually([&] { return server.handler.held == 1; }));
  REQUIRE(eventually([&] { return server.server->connections() == 3; }));

  auto stopped = std::async(std::launch::async, [&] { return server.stop(5s); });
  CHECK(idle.ends());
  CHECK(eventually([&] { return refuses_connections(server.port()); }));
  CHECK(half.ask("lf").value().body == "POST /|||half");
  server.handler.released = true;
  CHECK(stopped.get());
  const auto response = busy.receive();
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->closes());
  CHECK(busy.ends());
  CHECK(server.server->connections() == 0);
}

TEST_CASE("Stopping gives up at its bound") {
  TestServer server;
  RawClient busy(server.port());
  REQUIRE(busy.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha"));
  REQUIRE(eventually([&] { return server.server->connections() == 1; }));
  const auto started = std::chrono::steady_clock::now();
  CHECK_FALSE(server.stop(100ms));
  CHECK(std::chrono::steady_clock::now() - started < 2s);
  CHECK_FALSE(busy.receive());
}

TEST_CASE("A request that is on its way to an idle connection when the server stops is answered") {
  // One thread, kept from reading: the request lies in the kernel when the server begins to stop.
  TestServer server({}, nullptr, 1);
  RawClient client(server.port());
  REQUIRE(client.ask(get("/")));
  std::atomic<bool> blocked{false};
  std::atomic<bool> go_on{false};
  net::asio::post(*server.threads.contexts()[0], [&] {
    blocked = true;
    while (!go_on)
      std::this_thread::sleep_for(1ms);
  });
  REQUIRE(eventually([&] { return blocked.load(); }));
  REQUIRE(client.send(get("/late")));
  RawClient waiting(server.port());  // connected by the kernel, not accepted yet
  REQUIRE(waiting.send(get("/waiting")));
  Stopping stopping(server);
  go_on = true;
  CHECK(stopping.finish());
  CHECK(client.receive().value().body == "GET /late|||");
  CHECK(waiting.receive().value().body == "GET /waiting|||");
}

TEST_CASE("No request is lost by draining and stopping under load") {
  TestServer server;
  std::atomic<bool> begin_no_more{false};
  std::atomic<int> answered{0};
  std::atomic<int> lost{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c)
    clients.emplace_back([&, c] {
      std::unique_ptr<RawClient> client;
      while (!begin_no_more) {
        if (!client) client = std::make_unique<RawClient>(server.port());
        const auto response = client->ask(post(c % 2 == 0 ? "/" : "/async", "x"));
        ++(response && response->status == 200 ? answered : lost);
        if (!response || response->closes()) client.reset();
      }
      // The last one is in flight when the server stops.
      if (!client) client = std::make_unique<RawClient>(server.port());
      const auto response = client->ask(get("/hold"));
      ++(response && response->status == 200 ? answered : lost);
    });
  CHECK(eventually([&] { return answered > 20; }));
  server.server->begin_drain();
  const int before = answered;
  CHECK(eventually([&] { return answered > before + 20; }));
  begin_no_more = true;
  REQUIRE(eventually([&] { return server.handler.held == 4; }));
  Stopping stopping(server);
  server.handler.released = true;
  CHECK(stopping.finish());
  for (auto& client : clients)
    client.join();
  CHECK(lost == 0);
}

TEST_CASE("Aborting cuts everything off at once") {
  TestServer server;
  RawClient busy(server.port());
  REQUIRE(busy.send(get("/hold")));
  REQUIRE(eventually([&] { return server.handler.held == 1; }));
  server.server->abort();
  CHECK_FALSE(busy.receive());
  server.handler.released = true;
  CHECK(eventually([&] { return server.server->connections() == 0; }));
}

TEST_CASE("A server that goes with its threads stopped and a handler suspended leaves nothing behind") {
  auto server = std::make_unique<TestServer>();
  RawClient busy(server->port());
  REQUIRE(busy.send(get("/hold")));
  REQUIRE(eventually([&] { return server->handler.held == 1; }));
  server->threads.stop();
  server->threads.join();
  server->server.reset();
  server.reset();
  CHECK_FALSE(busy.receive());
}
