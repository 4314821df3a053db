// What a well-behaved client sees: HTTP/1.1 over a plain socket.
#include <catch2/catch.hpp>

#include <thread>

#include "net/server/fixture.hpp"

using namespace digester;
using namespace digester::test;
using namespace std::chrono_literals;

TEST_CASE("One connection serves many requests, at once and from a coroutine") {
  TestServer server;
  RawClient client(server.port());
  for (int i = 0; i < 5; ++i) {
    const auto quick = client.ask(post("/a?b=c", "body", "Content-Type: text/x; charset=y\r\n"));
    REQUIRE(quick);
    CHECK(quick->status == 200);
    CHECK(quick->body == "POST /a|b=c|text/x|body");
    CHECK_FALSE(quick->closes());
    CHECK(quick->field("Date").size() == 29);
    const auto slow = client.ask(post("/async?b=c", "other"));
    REQUIRE(slow);
    CHECK(slow->body == "POST /async|b=c||other");
  }
  CHECK(server.metric("digester_http_connections_total") == 1);
  CHECK(server.metric("digester_http_requests_total") == 10);
}

TEST_CASE("A request may arrive byte by byte") {
  TestServer server;
  RawClient client(server.port());
  for (const char c : post("/drip", "drop"))
    REQUIRE(client.send({&c, 1}));
  const auto response = client.receive();
  REQUIRE(response);
  CHECK(response->body == "POST /drip|||drop");
}

TEST_CASE("Pipelined requests are answered in order") {
  TestServer server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const auto number = std::to_string(i);
    all += i % 10 == 0  ? post("/async/" + number, "x")
           : i % 3 == 0 ? get("/" + number)
                        : post("/" + number, number);
  }
  REQUIRE(client.send(all));
  for (int i = 0; i < 100; ++i) {
    const auto number = std::to_string(i);
    const auto response = client.receive();
    REQUIRE(response);
    CHECK(response->body == (i % 10 == 0  ? "POST /async/" + number + "|||x"
                             : i % 3 == 0 ? "GET /" + number + "|||"
                                          : "POST /" + number + "|||" + number));
  }
}

TEST_CASE("Bodies of every size arrive whole, and large ones leave whole") {
  TestServer server;
  RawClient client(server.port());
  for (const std::size_t size : {0U, 1U, 1023U, 16384U, 16385U, 100000U, 3000000U}) {
    CAPTURE(size);
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      body[i] = static_cast<char>('a' + i % 23);
    const auto response = client.ask(post("/", body));
    REQUIRE(response);
    CHECK(response->body == "POST /|||" + body);
  }
}

TEST_CASE("Chunked bodies are understood, with the next request close behind") {
  TestServer server;
  RawClient client(server.port());
  const std::string head = "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  REQUIRE(client.send(head + "3\r\none\r\n4;x=y\r\ntwo!\r\n0\r\nT: t\r\n\r\n" + get("/next")));
  CHECK(client.receive().value().body == "POST /c|||onetwo!");
  CHECK(client.receive().value().body == "GET /next|||");
  std::string large(200000, 'z');
  REQUIRE(client.send(head));
  REQUIRE(client.send("30d40\r\n" + large + "\r\n"));
  REQUIRE(client.send("0\r\n\r\n"));
  CHECK(client.receive().value().body == "POST /c|||" + large);
}

TEST_CASE("Many chunked requests in a row fit whatever is left of the buffer") {
  TestServer server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 300; ++i)
    all += "POST /" + std::to_string(i) +
           " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
  REQUIRE(client.send(all));
  for (int i = 0; i < 300; ++i)
    REQUIRE(client.receive().value().body == "POST /" + std::to_string(i) + "|||ab");
}

TEST_CASE("A client that waits for 100 Continue gets it, one that does not is not bothered") {
  TestServer server;
  RawClient client(server.port());
  REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  CHECK(client.receive().value().status == 100);
  CHECK(client.ask("body").value().body == "POST /|||body");
  CHECK(client.ask(post("/", "body", "Expect: 100-continue\r\n")).value().status == 200);
  // A body that will be refused is not asked for.
  REQUIRE(client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9999999999\r\n\r\n"));
  CHECK(client.receive().value().status == 413);
}

TEST_CASE("HEAD is answered without a body") {
  TestServer server;
  RawClient client(server.port());
  REQUIRE(client.send("HEAD /size/77 HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(client.receive(true).value().field("Content-Length") == "77");
  CHECK(client.ask(get("/after")).value().body == "GET /after|||");
}

TEST_CASE("HTTP/1.0 closes unless asked not to") {
  TestServer server;
  RawClient one(server.port());
  CHECK(one.ask("GET /a HTTP/1.0\r\n\r\n").value().closes());
  CHECK(one.ends());
  RawClient two(server.port());
  CHECK(two.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").value().field("Connection") ==
        "keep-alive");
  CHECK(two.ask(get("/b")).value().body == "GET /b|||");
}

TEST_CASE("Connection: close is obeyed, whoever says it") {
  TestServer server;
  RawClient client(server.port());
  CHECK(client.ask(get("/", "Connection: close\r\n")).value().closes());
  CHECK(client.ends());
  RawClient handler_closes(server.port());
  CHECK(handler_closes.ask(get("/close")).value().closes());
  CHECK(handler_closes.ends());
}

TEST_CASE("A client that has finished sending still gets its answer") {
  TestServer server;
  RawClient client(server.port());
  REQUIRE(client.send(post("/async", "x")));
  client.finish_sending();
  CHECK(client.receive().value().body == "POST /async|||x");
  CHECK(client.ends());
}

TEST_CASE("Status and extra fields come from the handler") {
  TestServer server;
  RawClient client(server.port());
  const auto response = client.ask(get("/status/503")).value();
  CHECK(response.status == 503);
  CHECK(response.field("X-Extra") == "yes");
  CHECK(response.field("X-Split").empty());
}

TEST_CASE("A handler that throws is answered with 500, and only its request suffers") {
  TestServer server;
  RawClient client(server.port());
  CHECK(client.ask(get("/throw")).value().status == 500);
  CHECK(client.ask(get("/throw-async")).value().status == 500);
  CHECK(client.ask(get("/fine")).value().status == 200);
  CHECK(server.metric("digester_http_handler_failures_total") == 2);
  CHECK(server.log.text().find("thrown later") != std::string::npos);
}

TEST_CASE("A client that leaves during the handler's work does no harm") {
  TestServer server;
  {
    RawClient client(server.port());
    REQUIRE(client.send(get("/hold")));
    REQUIRE(eventually([&] { return server.handler.held == 1; }));
  }
  server.handler.released = true;
  CHECK(eventually([&] { return server.server->connections() == 0; }));
}

TEST_CASE("Connections are spread over the threads and answered in parallel") {
  TestServer server;
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&server, &good, c] {
      RawClient client(server.port());
      for (int i = 0; i < 100; ++i) {
        const auto mark = std::to_string(c) + "-" + std::to_string(i);
        const auto response = client.ask(post(i % 25 == 0 ? "/async" : "/", mark));
        if (response && response->body == (i % 25 == 0 ? "POST /async|||" : "POST /|||") + mark) ++good;
      }
    });
  for (auto& client : clients)
    client.join();
  CHECK(good == 800);
}

TEST_CASE("An address in use and an address that is none are told apart") {
  TestServer first;
  net::ServerOptions options;
  options.address = "127.0.0.1";
  options.port = first.port();
  net::Server second(first.threads.contexts(), options, first.handler, first.clock, first.log.logger(),
                     first.metrics);
  const auto started = second.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().message ==
        "cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
            ": Address already in use; another process listens there: stop it or choose another port");
  options.address = "localhost";
  net::Server third(first.threads.contexts(), options, first.handler, first.clock, first.log.logger(),
                    first.metrics);
  CHECK(third.start().error().message == "cannot listen on localhost: not an IP address");
}

TEST_CASE("No address means every address") {
  TestServer other;
  net::ServerOptions options;
  options.port = 0;
  net::Server server(other.threads.contexts(), options, other.handler, other.clock, other.log.logger(),
                     other.metrics);
  REQUIRE(server.start());
  RawClient client(server.port());
  CHECK(client.ask(get("/")).value().status == 200);
}
