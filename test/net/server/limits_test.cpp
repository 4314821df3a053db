// Clients that send too much, too slowly or nothing: every limit, one byte and one moment over it.
#include <catch2/catch.hpp>

#include <boost/asio/post.hpp>
#include <thread>

#include "net/server/fixture.hpp"

using namespace digester;
using namespace digester::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kRejected = "digester_http_rejected_requests_total";

template <typename F>
std::chrono::milliseconds time_of(F f) {
  const auto started = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
}

}  // namespace

TEST_CASE("By default the API server closes idle connections before we do") {
  CHECK(net::ServerOptions{}.idle_limit >= 120s);
}

TEST_CASE("A head one byte too long gets 431, and a body one byte too long 413") {
  net::ServerOptions options;
  options.max_head = 1000;
  options.max_body = 1000;
  TestServer server(options);
  const auto head_of = [](std::size_t size) {
    const auto bare = get("/", "A: \r\n").size();
    return get("/", "A: " + std::string(size - bare, 'a') + "\r\n");
  };
  REQUIRE(head_of(1000).size() == 1000);
  RawClient fits(server.port());
  CHECK(fits.ask(head_of(1000)).value().status == 200);
  CHECK(fits.ask(post("/", std::string(1000, 'b'))).value().status == 200);

  RawClient long_head(server.port());
  const auto refused = long_head.ask(head_of(1001)).value();
  CHECK(refused.status == 431);
  CHECK(refused.closes());
  CHECK(long_head.ends());
  RawClient endless_head(server.port());
  CHECK(endless_head.ask(head_of(3000).substr(0, 2900)).value().status == 431);

  CHECK(fits.ask(post("/", std::string(1001, 'b'))).value().status == 413);
  CHECK(fits.ends());
  RawClient chunked(server.port());
  CHECK(chunked
            .ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" +
                 std::string(500, 'x') + "\r\n1f5\r\n")
            .value()
            .status == 413);
  CHECK(server.metric(kRejected, "reason=\"head_too_large\"") == 2);
  CHECK(server.metric(kRejected, "reason=\"body_too_large\"") == 2);
  CHECK(server.handler.handled == 2);
}

TEST_CASE("A client that goes on sending a refused body still reads why") {
  net::ServerOptions options;
  options.max_body = 1000;
  TestServer server(options);
  RawClient client(server.port());
  const auto response = client.ask(post("/", std::string(5000000, 'b')));
  REQUIRE(response);
  CHECK(response->status == 413);
  CHECK(client.ends());
}

TEST_CASE("A slow head is answered with 408 after its time, not after that of idle connections") {
  net::ServerOptions options;
  options.head_limit = 100ms;
  TestServer server(options);
  RawClient client(server.port());
  REQUIRE(client.send("GET / HT"));
  std::optional<RawResponse> response;
  const auto took = time_of([&] { response = client.receive(); });
  REQUIRE(response);
  CHECK(response->status == 408);
  CHECK(took >= 90ms);
  CHECK(took < 2s);
  CHECK(client.ends());
  CHECK(server.metric(kRejected, "reason=\"slow_request\"") == 1);
}

TEST_CASE("Dripping bytes does not win time") {
  net::ServerOptions options;
  options.head_limit = 150ms;
  TestServer server(options);
  RawClient client(server.port());
  const auto took = time_of([&] {
    while (client.is_quiet_for(20ms) && client.send("G")) {
    }
  });
  CHECK(took < 2s);
  CHECK(client.receive().value().status == 408);
}

TEST_CASE("A slow body is answered with 408") {
  net::ServerOptions options;
  options.body_limit = 100ms;
  TestServer server(options);
  RawClient sized(server.port());
  REQUIRE(sized.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"));
  CHECK(sized.receive().value().status == 408);
  CHECK(sized.ends());
  RawClient chunked(server.port());
  REQUIRE(chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"));
  CHECK(chunked.receive().value().status == 408);
  CHECK(server.handler.handled == 0);
}

TEST_CASE("A client that does not read is cut off") {
  net::ServerOptions options;
  options.write_limit = 100ms;
  TestServer server(options);
  RawClient client(server.port(), 4096);
  REQUIRE(client.send(get("/size/20000000")));
  CHECK(server.reaches(kRejected, 1, "reason=\"slow_reader\""));
  CHECK(eventually([&] { return server.server->connections() == 0; }));
  CHECK_FALSE(client.receive());
}

TEST_CASE("Idle connections are closed after their time, before the first request and between two") {
  net::ServerOptions options;
  options.idle_limit = 400ms;
  TestServer server(options);
  RawClient silent(server.port());
  CHECK(time_of([&] { CHECK(silent.ends()); }) < 2s);
  // Each request begins the time anew, though the timer was set long before.
  RawClient client(server.port());
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(50ms);
    REQUIRE(client.ask(get("/")));
  }
  const auto took = time_of([&] {
    REQUIRE(client.ask(get("/")));
    CHECK(client.ends());
  });
  CHECK(took >= 390ms);
  CHECK(took < 2s);
}

TEST_CASE("A request that came in the last moment of the idle time is answered") {
  net::ServerOptions options;
  options.idle_limit = 300ms;
  TestServer server(options, nullptr, 1);
  RawClient client(server.port());
  REQUIRE(client.ask(get("/")));
  // The thread wakes to a deadline that has passed and a request that has not been read.
  net::asio::post(*server.threads.contexts()[0], [] { std::this_thread::sleep_for(400ms); });
  REQUIRE(client.send(get("/late")));
  CHECK(client.receive().value().body == "GET /late|||");
}

TEST_CASE("A request after a long head and a long pause has its own time") {
  net::ServerOptions options;
  options.head_limit = 500ms;
  TestServer server(options);
  RawClient client(server.port());
  for (int i = 0; i < 10; ++i) {
    REQUIRE(client.send("GET / HTTP/1.1\r\n"));
    std::this_thread::sleep_for(60ms);
    CHECK(client.ask("Host: a\r\n\r\n").value().status == 200);
  }
  std::this_thread::sleep_for(options.head_limit + 50ms);
  CHECK(client.ask(get("/")).value().status == 200);
}

TEST_CASE("One connection too many is closed at once, and taken again when another has ended") {
  net::ServerOptions options;
  options.max_connections = 2;
  TestServer server(options);
  auto one = std::make_unique<RawClient>(server.port());
  RawClient two(server.port());
  REQUIRE(one->ask(get("/")));
  REQUIRE(two.ask(get("/")));
  RawClient three(server.port());
  CHECK(three.ends());
  CHECK(server.metric("digester_http_connections_refused_total") == 1);
  CHECK(two.ask(get("/")).value().status == 200);
  one.reset();
  REQUIRE(eventually([&] { return server.server->connections() == 1; }));
  RawClient four(server.port());
  CHECK(four.ask(get("/")).value().status == 200);
}

TEST_CASE("Over the limit on bytes in flight requests get 429 and the connection stays") {
  net::ServerOptions options;
  options.max_bytes_in_flight = 1000;
  TestServer server(options);
  RawClient first(server.port());
  REQUIRE(first.send(post("/hold", std::string(800, 'a'))));
  REQUIRE(eventually([&] { return server.handler.held == 1; }));

  RawClient second(server.port());
  const auto refused = second.ask(post("/", std::string(300, 'b'))).value();
  CHECK(refused.status == 429);
  CHECK(refused.field("Retry-After") == "1");
  CHECK_FALSE(refused.closes());
  // In pieces, and chunked: what is given up midway is read to its end all the same.
  CHECK(second.ask(post("/", std::string(300000, 'c'))).value().status == 429);
  CHECK(second
            .ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" +
                 std::string(200, 'x') + "\r\nc8\r\n" + std::string(200, 'x') + "\r\n0\r\n\r\n")
            .value()
            .status == 429);
  CHECK(second.ask(post("/", std::string(200, 'd'))).value().status == 200);
  CHECK(second.ask(get("/")).value().status == 200);
  CHECK(server.metric(kRejected, "reason=\"overloaded\"") == 3);

  server.handler.released = true;
  CHECK(first.receive().value().status == 200);
  CHECK(second.ask(post("/", std::string(900, 'e'))).value().status == 200);
}

TEST_CASE("A body that is announced but not sent takes nobody's room") {
  net::ServerOptions options;
  options.max_bytes_in_flight = 1000;
  TestServer server(options);
  std::vector<std::unique_ptr<RawClient>> liars;
  for (int i = 0; i < 5; ++i) {
    liars.push_back(std::make_unique<RawClient>(server.port()));
    REQUIRE(liars.back()->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nx"));
  }
  RawClient client(server.port());
  CHECK(client.ask(post("/", std::string(900, 'd'))).value().status == 200);
}

TEST_CASE("Bytes in flight are given back however a request ends") {
  net::ServerOptions options;
  options.max_bytes_in_flight = 1000;
  options.body_limit = 50ms;
  TestServer server(options);
  for (int i = 0; i < 3; ++i) {
    RawClient slow(server.port());
    REQUIRE(slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" + std::string(800, 'x')));
    CHECK(slow.receive().value().status == 408);
    RawClient leaves(server.port());
    REQUIRE(leaves.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" + std::string(800, 'x')));
    leaves.finish_sending();
    CHECK(leaves.ends());
    RawClient throws(server.port());
    CHECK(throws.ask(post("/throw", std::string(800, 'x'))).value().status == 500);
    CHECK(throws.ask(post("/throw-async", std::string(800, 'x'))).value().status == 500);
  }
  RawClient client(server.port());
  CHECK(client.ask(post("/", std::string(900, 'd'))).value().status == 200);
}

TEST_CASE("Smuggled requests are refused, and nothing behind them is answered") {
  TestServer server;
  const auto smuggler = GENERATE(
      as<std::string>{},
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 0\r\n\r\nG",
      "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 44\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 44\r\n\r\n", "POST / HTTP/1.1\r\nX: y\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n");
  CAPTURE(smuggler);
  RawClient client(server.port());
  const auto response = client.ask(smuggler + get("/smuggled")).value();
  CHECK(response.status == 400);
  CHECK(response.closes());
  CHECK_FALSE(client.receive());
  CHECK(server.handler.handled == 0);
  CHECK(server.metric(kRejected, "reason=\"malformed\"") == 1);
}

TEST_CASE("TLS and noise on a plain port are refused at once") {
  TestServer server;
  RawClient client(server.port());
  CHECK(client.ask(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)).value().status == 400);
  CHECK(client.ends());
}
