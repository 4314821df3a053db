// Answers that are handed on as they come: a watch, above all.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;

namespace {

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

}  // namespace

TEST_CASE("a stream is handed on as it comes, cut anywhere, and its connection serves again") {
  ScriptedServer server;
  server.enqueue({await_request(),
                  drip(kChunked + chunk("hello ") + chunk("wide ") + chunk("world") + "0\r\n\r\n", 7, 1ms),
                  await_request(), send(answer(200, "next")), hang()});
  Caller caller;
  std::string body;
  int pieces = 0;
  const auto response = caller.stream(request_to(url_of(server)), body, [&] { return ++pieces > 0; });
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body.empty());
  CHECK(body == "hello wide world");
  CHECK(pieces > 4);
  CHECK(caller.get(url_of(server))->reused);
}

TEST_CASE("a stream is longer than any limit for bodies, in bytes and in time") {
  ScriptedServer server;
  const std::string text(300'000, 'x');
  SECTION("chunked") {
    server.enqueue({await_request(), send(kChunked), delay(120ms), send(chunk(text) + "0\r\n\r\n"), hang()});
  }
  SECTION("with its length") {
    server.enqueue({await_request(), delay(10ms), send(answer(200, text)), hang()});
  }
  SECTION("until the end") {
    server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\n\r\n"), delay(120ms), send(text), close()});
  }
  auto options = client_options();
  options.body_limit = 50ms;
  Caller caller(options);
  auto request = request_to(url_of(server));
  request.body_limit = 10;
  std::string body;
  REQUIRE(caller.stream(std::move(request), body));
  CHECK((body == text));
}

TEST_CASE("the first piece is empty and says that the head is there") {
  ScriptedServer server;
  server.enqueue({await_request(), send(kChunked), hang()});
  Caller caller;
  std::string body;
  const auto response = caller.stream(request_to(url_of(server)), body, [] { return false; });
  REQUIRE(response);
  CHECK(body.empty());
  CHECK(server.wait_until_idle());
}

TEST_CASE("an answer other than 2xx is collected within its limit, and never handed on") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(410, "gone and over"); });
  Caller caller;
  std::string body;
  auto request = request_to(url_of(server));
  const auto response = caller.stream(request, body);
  REQUIRE(response);
  CHECK(response->status == 410);
  CHECK(response->body == "gone and over");
  CHECK(body.empty());
  request.body_limit = 5;
  CHECK(caller.stream(request, body).error().kind == ErrorKind::too_large);
}

TEST_CASE("a stream that is cut is unreachable, and what came before was handed on") {
  ScriptedServer server;
  SECTION("reset") {
    server.enqueue({await_request(), send(kChunked + chunk("some")), delay(20ms), reset()});
  }
  SECTION("closed between chunks") {
    server.enqueue({await_request(), send(kChunked + chunk("some")), close()});
  }
  SECTION("closed within a chunk") {
    server.enqueue({await_request(), send(kChunked + "9\r\nsome"), close()});
  }
  SECTION("shorter than its length") {
    server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"), close()});
  }
  Caller caller;
  std::string body;
  const auto response = caller.stream(request_to(url_of(server)), body);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::unreachable);
  CHECK(body == "some");
}

TEST_CASE("a stream that breaks its framing is a protocol error") {
  ScriptedServer server;
  server.enqueue({await_request(), send(kChunked + "zz\r\n"), hang()});
  Caller caller;
  std::string body;
  CHECK(caller.stream(request_to(url_of(server)), body).error().kind == ErrorKind::protocol);
}

TEST_CASE("whoever has had enough ends the stream, and the connection with it") {
  ScriptedServer server;
  SECTION("in the middle") {
    server.enqueue({await_request(), send(kChunked + chunk("enough")), hang()});
  }
  SECTION("with the last byte") {
    server.enqueue({await_request(), send(answer(200, "enough")), hang()});
  }
  server.enqueue({await_request(), send(answer(200, "fresh")), hang()});
  Caller caller;
  std::string body;
  REQUIRE(caller.stream(request_to(url_of(server)), body, [&] { return body != "enough"; }));
  CHECK(body == "enough");
  const auto next = caller.get(url_of(server));
  REQUIRE(next);
  CHECK_FALSE(next->reused);
}

TEST_CASE("silence within a stream has a limit, slowness has none") {
  ScriptedServer server;
  Caller caller;
  auto request = request_to(url_of(server));
  request.silence_limit = 100ms;
  std::string body;
  SECTION("silent") {
    server.enqueue({await_request(), send(kChunked + chunk("a")), hang()});
    const Stopwatch watch;
    const auto response = caller.stream(request, body);
    CHECK(response.error().kind == ErrorKind::timed_out);
    CHECK(response.error().message.find("said nothing for 100ms") != std::string::npos);
    CHECK(watch.elapsed() < 2s);
  }
  SECTION("slow") {
    server.enqueue({await_request(), drip(answer(200, std::string(25, 's')), 5, 20ms), hang()});
    REQUIRE(caller.stream(request, body));
    CHECK(body.size() == 25);
  }
}

TEST_CASE("the deadline ends a stream") {
  ScriptedServer server;
  server.enqueue({await_request(), send(kChunked), drip(chunk(std::string(2000, 'x')), 1, 5ms)});
  Caller caller;
  std::string body;
  const auto response = caller.stream(request_to(url_of(server), 150ms), body);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::timed_out);
}

TEST_CASE("a stream does not take a connection that has served before, and is not raced") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "first")), hang()});
  server.enqueue({await_request(), send(kChunked), delay(80ms), send(chunk("late") + "0\r\n\r\n"), hang()});
  auto options = client_options();
  options.silence = 10ms;
  Caller caller(options);
  REQUIRE(caller.get(url_of(server)));
  std::string body;
  REQUIRE(caller.stream(request_to(url_of(server)), body));
  CHECK(body == "late");
  CHECK(server.connection_count() == 2);
}

TEST_CASE("a stream can be cancelled at any time and leaves nothing behind") {
  ScriptedServer server;
  server.set_reactor([](const RecordedRequest&) -> Script { return {send(kChunked + chunk("a")), hang()}; });
  for (const auto after : {0ms, 1ms, 5ms, 30ms}) {
    Caller caller;
    net::asio::cancellation_signal signal;
    std::optional<Result<net::Response>> ended;
    net::HttpClient::OnBody on_body = [](std::string_view) { return true; };
    auto task = caller.client->stream(request_to(url_of(server)), std::move(on_body));
    net::asio::co_spawn(caller.io, std::move(task),
                        net::asio::bind_cancellation_slot(
                            signal.slot(), [&](std::exception_ptr error, Result<net::Response> response) {
                              if (error) response = fail(ErrorKind::cancelled, "thrown");
                              ended = std::move(response);
                            }));
    net::Timer timer(caller.io.get_executor(), after);
    timer.async_wait([&](boost::system::error_code) { signal.emit(net::asio::cancellation_type::terminal); });
    caller.io.run();
    REQUIRE(ended);
    REQUIRE_FALSE(*ended);
    CHECK(ended->error().kind == ErrorKind::cancelled);
  }
  CHECK(server.wait_until_idle());
}

TEST_CASE("every method is spelt as it should be, with a body where it has one, on a fresh connection") {
  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  Caller caller;
  REQUIRE(caller.get(url_of(server)));
  const std::pair<net::Method, bool> methods[] = {{net::Method::post, true},
                                                  {net::Method::put, true},
                                                  {net::Method::patch, true},
                                                  {net::Method::delete_, false}};
  std::size_t number = 1;
  for (const auto& [method, body] : methods) {
    auto request = request_to(url_of(server));
    request.method = method;
    request.body = "{}";
    const auto response = caller.send(std::move(request));
    REQUIRE(response);
    CHECK_FALSE(response->reused);
    const auto seen = server.requests().at(number++);
    CHECK(seen.method() == net::to_string(method));
    CHECK(seen.body == (body ? "{}" : ""));
    CHECK(seen.field("content-length").has_value() == body);
  }
}
