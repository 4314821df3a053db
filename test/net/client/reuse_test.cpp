// Which connections serve again. A connection used once too often writes another image's digest.
#include <catch2/catch.hpp>

#include "net/client/fixture.hpp"
#include "net/client/reuse.hpp"

using namespace digester;
using namespace digester::test;

namespace {

constexpr net::ExchangeFacts kClean{.request_complete = true, .message_complete = true, .keep_alive = true};

// Serves `first` on the first connection and then "fresh" on any other; answers what the second GET brings
// and checks that it came over a connection of its own.
void check_not_reused_after(const std::string& first, net::Method method = net::Method::get) {
  INFO(first);
  ScriptedServer server;
  server.enqueue({await_request(), send(first), await_request(), send(answer(200, "stale")), hang()});
  server.enqueue({await_request(), send(answer(200, "fresh")), hang()});
  Caller caller;
  auto request = request_to(url_of(server));
  request.method = method;
  const auto before = caller.send(std::move(request));
  // Whatever was sent too much is there by now.
  REQUIRE(server.wait_for_requests(1));
  const auto after = caller.get(url_of(server));
  REQUIRE(after);
  CHECK(after->body == "fresh");
  CHECK_FALSE(after->reused);
  CHECK(server.connection_count() == 2);
}

}  // namespace

TEST_CASE("a connection on which everything ended as it should is used again") {
  STATIC_REQUIRE(net::may_reuse(kClean));
}

TEST_CASE("every other state of an exchange forbids reuse") {
  auto facts = kClean;
  SECTION("failed") {
    facts.failed = true;
  }
  SECTION("request not written") {
    facts.request_complete = false;
  }
  SECTION("answer not complete") {
    facts.message_complete = false;
  }
  SECTION("body until close") {
    facts.until_close = true;
  }
  SECTION("one surplus byte") {
    facts.surplus_bytes = 1;
  }
  SECTION("end of stream seen") {
    facts.peer_ended = true;
  }
  SECTION("no keep-alive") {
    facts.keep_alive = false;
  }
  CHECK_FALSE(net::may_reuse(facts));
  CHECK_FALSE(net::reuse_obstacle(facts).empty());
}

TEST_CASE("GETs and HEADs of one host share a connection") {
  ScriptedServer server;
  server.set_handler([](const std::string& head) {
    return head.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : answer(200, "hello");
  });
  Caller caller;
  for (int i = 0; i < 5; ++i) {
    const auto head = caller.head(url_of(server));
    REQUIRE(head);
    CHECK(head->reused == (i > 0));
    CHECK(caller.get(url_of(server))->body == "hello");
  }
  CHECK(server.connection_count() == 1);
  CHECK(server.request_count() == 10);
}

TEST_CASE("a chunked answer and one without content leave the connection usable") {
  ScriptedServer server;
  server.enqueue(
      {await_request(), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
       await_request(), send("HTTP/1.1 204 No Content\r\n\r\n"), await_request(), send(answer(200, "c"))});
  Caller caller;
  CHECK(caller.get(url_of(server))->body == "a");
  CHECK(caller.get(url_of(server))->status == 204);
  CHECK(caller.get(url_of(server))->body == "c");
  CHECK(server.connection_count() == 1);
}

TEST_CASE("bytes after the answer end the connection, a smuggled second answer above all") {
  check_not_reused_after(answer(200, "first") + "x");
  check_not_reused_after(answer(200, "first") + answer(200, "smuggled"));
  check_not_reused_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n\r\n");
  check_not_reused_after("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc");
}

TEST_CASE("a body on HEAD ends the connection") {
  check_not_reused_after(answer(200, "a body that must not be"), net::Method::head);
}

TEST_CASE("Connection: close, HTTP/1.0 and a body until the end are not reused") {
  check_not_reused_after(answer(200, "x", {{"Connection", "close"}}));
  check_not_reused_after(answer(200, "x", {{"Connection", "keep-alive, Close"}}));
  check_not_reused_after("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx");
  check_not_reused_after("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx");
}

TEST_CASE("a malformed, oversized or ambiguous answer ends the connection") {
  check_not_reused_after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
  check_not_reused_after(
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  check_not_reused_after("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
  check_not_reused_after("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
}

TEST_CASE("an answer that nobody asked for, sent while the connection idles, is never read") {
  ScriptedServer server;
  server.enqueue(
      {await_request(), send(answer(200, "first")), delay(20ms), send(answer(200, "unsolicited")), hang()});
  server.enqueue({await_request(), send(answer(200, "second")), hang()});
  Caller caller;
  CHECK(caller.get(url_of(server))->body == "first");
  net::Timer pause(caller.io.get_executor(), 60ms);
  pause.wait();
  CHECK(caller.get(url_of(server))->body == "second");
  CHECK(server.connection_count() == 2);
}

TEST_CASE("a connection that the server closed while it idled is replaced without an error") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "first")), close()});
  server.enqueue({await_request(), send(answer(200, "second")), hang()});
  Caller caller;
  CHECK(caller.get(url_of(server))->body == "first");
  CHECK(caller.get(url_of(server))->body == "second");
}

TEST_CASE("a reused connection that closes on the request is tried once more on a fresh one") {
  for (const bool with_reset : {false, true}) {
    ScriptedServer server;
    server.enqueue(
        {await_request(), send(answer(200, "first")), await_request(), with_reset ? reset() : close()});
    server.enqueue({await_request(), send(answer(200, "second")), hang()});
    Caller caller;
    CHECK(caller.get(url_of(server))->body == "first");
    const auto second = caller.get(url_of(server));
    REQUIRE(second);
    CHECK(second->body == "second");
    CHECK_FALSE(second->reused);
    CHECK(server.request_count() == 3);
  }
}

TEST_CASE("the second try is the last") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "first")), await_request(), close()});
  server.enqueue({await_request(), close()});
  server.enqueue({await_request(), send(answer(200, "too late"))});
  Caller caller;
  REQUIRE(caller.get(url_of(server)));
  CHECK(caller.get(url_of(server)).error().kind == ErrorKind::unreachable);
  CHECK(server.connection_count() == 2);
}

TEST_CASE("a reused connection that breaks within its answer is not tried again") {
  ScriptedServer server;
  server.enqueue(
      {await_request(), send(answer(200, "first")), await_request(), send("HTTP/1.1 200 OK\r\n"), close()});
  Caller caller;
  REQUIRE(caller.get(url_of(server)));
  CHECK(caller.get(url_of(server)).error().kind == ErrorKind::protocol);
  CHECK(server.connection_count() == 1);
}

TEST_CASE("a dark reused connection is raced by a fresh one, and its neighbours are dropped") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "first")), await_request(), hang()});
  server.enqueue({await_request(), send(answer(200, "second")), hang()});
  auto options = client_options();
  options.silence = 50ms;
  Caller caller(options);
  CHECK(caller.get(url_of(server))->body == "first");
  const Stopwatch watch;
  const auto second = caller.get(url_of(server));
  REQUIRE(second);
  CHECK(second->body == "second");
  CHECK_FALSE(second->reused);
  CHECK(watch.elapsed() >= 50ms);
  CHECK(watch.elapsed() < 1s);
}

TEST_CASE("a reused connection that was only slow wins its race") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "first")), await_request(), delay(100ms),
                  send(answer(200, "slow"))});
  server.enqueue({await_request(), hang()});
  auto options = client_options();
  options.silence = 20ms;
  Caller caller(options);
  REQUIRE(caller.get(url_of(server)));
  const auto second = caller.get(url_of(server));
  REQUIRE(second);
  CHECK(second->body == "slow");
  CHECK(second->reused);
}

TEST_CASE("a reused connection that has begun to answer is not raced") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "first")), await_request(), send("HTTP/1.1 200 OK\r\n"),
                  delay(80ms), send("Content-Length: 4\r\n\r\nslow"), hang()});
  auto options = client_options();
  options.silence = 20ms;
  Caller caller(options);
  REQUIRE(caller.get(url_of(server)));
  CHECK(caller.get(url_of(server))->body == "slow");
  CHECK(server.connection_count() == 1);
}

TEST_CASE("a POST always gets a fresh connection and is sent once") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  Caller caller;
  REQUIRE(caller.get(url_of(server)));
  for (int i = 0; i < 2; ++i) {
    auto request = request_to(url_of(server));
    request.method = net::Method::post;
    const auto response = caller.send(std::move(request));
    REQUIRE(response);
    CHECK_FALSE(response->reused);
  }
  CHECK(server.connection_count() == 3);
  CHECK(server.request_count() == 3);
}

TEST_CASE("idle connections end after their time, and so do old ones") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  auto options = client_options();
  SECTION("idle") {
    options.pool.idle = 30ms;
  }
  SECTION("old") {
    options.pool.life = 30ms;
  }
  Caller caller(options);
  REQUIRE(caller.get(url_of(server)));
  net::Timer pause(caller.io.get_executor(), 50ms);
  pause.wait();
  const auto second = caller.get(url_of(server));
  REQUIRE(second);
  CHECK_FALSE(second->reused);
}

TEST_CASE("idle connections are closed by themselves, and run() then returns") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  auto options = client_options();
  options.pool.idle = 40ms;
  Caller caller(options);
  REQUIRE(caller.get(url_of(server)));
  CHECK(server.open_connections() == 1);
  caller.io.restart();
  caller.io.run();
  CHECK(server.wait_until_idle());
}

TEST_CASE("another policy, host or scheme is another connection") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  Caller caller;
  REQUIRE(caller.get(url_of(server)));
  auto request = request_to(url_of(server));
  request.addresses.listed = false;
  CHECK_FALSE(caller.send(request)->reused);
  request = request_to("http://registry.test:" + std::to_string(server.port()));
  CHECK_FALSE(caller.send(request)->reused);
  CHECK(caller.get(url_of(server))->reused);
}

TEST_CASE("no more connections idle than the pool may keep") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  auto options = client_options();
  SECTION("one for each key") {
    options.pool.idle_per_key = 1;
    Caller caller(options);
    auto request = request_to(url_of(server));
    request.method = net::Method::post;
    for (int i = 0; i < 3; ++i)
      REQUIRE(caller.send(request));
    CHECK(caller.get(url_of(server))->reused);
    CHECK(server.connection_count() == 3);
  }
  SECTION("one in all") {
    options.pool.idle_in_all = 1;
    Caller caller(options);
    REQUIRE(caller.get(url_of(server)));
    REQUIRE(caller.get("http://registry.test:" + std::to_string(server.port())));
    CHECK_FALSE(caller.get(url_of(server))->reused);
  }
  SECTION("none") {
    options.pool.idle_per_key = 0;
    Caller caller(options);
    REQUIRE(caller.get(url_of(server)));
    CHECK_FALSE(caller.get(url_of(server))->reused);
  }
}
