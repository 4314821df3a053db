// One exchange at a time against servers that behave and servers that do not.
#include <catch2/catch.hpp>

#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;

TEST_CASE("a GET brings status, fields and body, and sends what a registry expects") {
  ScriptedServer server;
  server.enqueue(
      {await_request(), send(answer(200, "hello", {{"Docker-Content-Digest", "sha256:x"}})), hang()});
  Caller caller;
  auto request = request_to(url_of(server, "/v2/a/manifests/1?x=y"));
  request.headers.add("Accept", "application/json");
  const auto response = caller.send(std::move(request));
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "hello");
  CHECK(response->headers.get("docker-content-digest") == "sha256:x");
  CHECK(response->peer == net::AddressClass::loopback);
  CHECK_FALSE(response->reused);
  const auto seen = server.requests().at(0);
  CHECK(seen.head.starts_with("GET /v2/a/manifests/1?x=y HTTP/1.1\r\n"));
  CHECK(seen.field("host") == server.address());
  CHECK(seen.field("user-agent") == "digester/test");
  CHECK(seen.field("accept") == "application/json");
  CHECK_FALSE(seen.field("connection"));
  CHECK_FALSE(seen.field("content-length"));
}

TEST_CASE("a POST sends its body with its length") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "{}"))});
  Caller caller;
  auto request = request_to(url_of(server, "/token"));
  request.method = net::Method::post;
  request.body = "grant_type=refresh_token";
  REQUIRE(caller.send(std::move(request)));
  const auto seen = server.requests().at(0);
  CHECK(seen.method() == "POST");
  CHECK(seen.field("content-length") == "24");
  CHECK(seen.body == "grant_type=refresh_token");
}

TEST_CASE("an answer to HEAD has a length and no body") {
  ScriptedServer server;
  server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"), hang()});
  Caller caller;
  const auto response = caller.head(url_of(server));
  REQUIRE(response);
  CHECK(response->body.empty());
  CHECK(response->headers.get("content-length") == "5000000");
}

TEST_CASE("cookies and fields of the connection are never sent") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200)), hang()});
  Caller caller;
  auto request = request_to(url_of(server));
  for (const char* name :
       {"Cookie", "Connection", "Transfer-Encoding", "Content-Length", "Host", "Expect", "Upgrade"})
    request.headers.add(name, "evil");
  REQUIRE(caller.send(std::move(request)));
  CHECK(server.requests().at(0).head.find("evil") == std::string::npos);
}

TEST_CASE("a field or target with a line break is refused before anything is sent") {
  ScriptedServer server;
  Caller caller;
  auto request = request_to(url_of(server));
  request.headers.add("Accept", "a\r\nX-Smuggled: 1");
  CHECK(caller.send(request).error().kind == ErrorKind::invalid);
  request = request_to(url_of(server));
  request.headers.add("Bad Name", "a");
  CHECK(caller.send(request).error().kind == ErrorKind::invalid);
  request = request_to(url_of(server));
  request.url.target = "/a HTTP/1.1\r\nX: y";
  CHECK(caller.send(request).error().kind == ErrorKind::invalid);
  CHECK(server.connection_count() == 0);
}

TEST_CASE("a chunked body is put together, a body until the end is read to the end") {
  ScriptedServer server;
  server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                                        "chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n")});
  server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\n\r\nuntil the end"), close()});
  Caller caller;
  CHECK(caller.get(url_of(server))->body == "abcde");
  // Not over the first connection: the server closed it.
  CHECK(caller.get(url_of(server))->body == "until the end");
}

TEST_CASE("gzip is left alone") {
  ScriptedServer server;
  const std::string bytes("\x1f\x8b\x08\0\0\0\0\0", 8);
  server.enqueue({await_request(), send(answer(200, bytes, {{"Content-Encoding", "gzip"}}))});
  Caller caller;
  const auto response = caller.get(url_of(server));
  REQUIRE(response);
  CHECK(response->body == bytes);
  CHECK(response->headers.get("content-encoding") == "gzip");
}

TEST_CASE("1xx answers come first and are not the answer") {
  ScriptedServer server;
  server.enqueue({await_request(),
                  send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
                  delay(10ms), send(answer(200, "real")), hang()});
  Caller caller;
  const auto response = caller.get(url_of(server));
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "real");
  CHECK_FALSE(response->headers.get("link"));
}

TEST_CASE("an endless row of 1xx answers is refused") {
  ScriptedServer server;
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "HTTP/1.1 100 Continue\r\n\r\n";
  server.enqueue({await_request(), send(many), hang()});
  Caller caller;
  CHECK(caller.get(url_of(server)).error().kind == ErrorKind::protocol);
}

TEST_CASE("a body over the limit is refused, never cut") {
  for (const std::string& text :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"),
        std::string(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n1234567890\r\n1\r\n1\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\n\r\n12345678901")}) {
    ScriptedServer server;
    server.enqueue({await_request(), send(text), hang()});
    Caller caller;
    auto request = request_to(url_of(server));
    request.body_limit = 10;
    const auto response = caller.send(std::move(request));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::too_large);
  }
}

TEST_CASE("a body of exactly the limit is fine") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "1234567890"))});
  Caller caller;
  auto request = request_to(url_of(server));
  request.body_limit = 10;
  CHECK(caller.send(std::move(request))->body == "1234567890");
}

TEST_CASE("a head over 64 KiB is refused, one just below is read") {
  ScriptedServer server;
  server.enqueue({await_request(), send(answer(200, "", {{"X", std::string(70'000, 'x')}})), hang()});
  server.enqueue({await_request(), send(answer(200, "ok", {{"X", std::string(65'000, 'x')}})), hang()});
  Caller caller;
  CHECK(caller.get(url_of(server)).error().kind == ErrorKind::too_large);
  CHECK(caller.get(url_of(server))->body == "ok");
}

TEST_CASE("an answer that is cut short is no answer") {
  for (const std::string& text :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"),
        std::string("HTTP/1.1 200 OK\r\nContent-Le"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")}) {
    ScriptedServer server;
    server.enqueue({await_request(), send(text), close()});
    Caller caller;
    const auto response = caller.get(url_of(server));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind != ErrorKind::timed_out);
  }
}

TEST_CASE("two lengths, or a length together with chunks, are refused") {
  for (const char* fields : {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 6\r\n",
                             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: -5\r\n",
                             "Content-Length: +5\r\n", "Content-Length: 0x5\r\n", "Content-Length: \r\n",
                             "Transfer-Encoding: gzip, chunked\r\n"}) {
    ScriptedServer server;
    server.enqueue(
        {await_request(), send("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n0\r\n\r\n"), hang()});
    Caller caller;
    const auto response = caller.get(url_of(server));
    INFO(fields);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::protocol);
    CHECK(server.wait_until_idle());
  }
}

TEST_CASE("a silent server is cut off at the limit for heads") {
  ScriptedServer server;
  server.enqueue({await_request(), hang()});
  auto options = client_options();
  options.head_limit = 100ms;
  Caller caller(options);
  const Stopwatch watch;
  const auto response = caller.get(url_of(server));
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::timed_out);
  CHECK(response.error().message == server.address() + " did not answer in time");
  CHECK(watch.elapsed() < 1s);
  CHECK(server.wait_until_idle());
}

TEST_CASE("a server that drips its head or its body is cut off at the deadline") {
  for (const bool in_body : {false, true}) {
    ScriptedServer server;
    const std::string text = answer(200, std::string(1000, 'x'));
    const auto at = in_body ? text.size() - 1000 : 5;
    server.enqueue({await_request(), send(text.substr(0, at)), drip(text.substr(at), 1, 5ms), hang()});
    Caller caller;
    const Stopwatch watch;
    const auto response = caller.get(url_of(server), 150ms);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::timed_out);
    CHECK(watch.elapsed() >= 140ms);
    CHECK(watch.elapsed() < 1s);
  }
}

TEST_CASE("a body that drips is cut off at the limit for bodies") {
  ScriptedServer server;
  const std::string text = answer(200, std::string(1000, 'x'));
  server.enqueue(
      {await_request(), send(text.substr(0, text.size() - 1000)), drip(std::string(1000, 'x'), 1, 5ms)});
  auto options = client_options();
  options.body_limit = 80ms;
  Caller caller(options);
  const Stopwatch watch;
  CHECK(caller.get(url_of(server)).error().kind == ErrorKind::timed_out);
  CHECK(watch.elapsed() < 1s);
}

TEST_CASE("a slow answer within the limits arrives") {
  ScriptedServer server;
  server.enqueue({await_request(), drip(answer(200, "slow"), 7, 2ms), hang()});
  Caller caller;
  CHECK(caller.get(url_of(server))->body == "slow");
}

TEST_CASE("a refused connection says so, and a deadline that has passed ends at once") {
  std::string url;
  {
    ScriptedServer gone;
    url = url_of(gone);
  }
  Caller caller;
  const auto response = caller.get(url);
  REQUIRE_FALSE(response);
  CHECK(response.error().kind == ErrorKind::unreachable);
  CHECK(response.error().message.find(": connection refused (are host and port right") != std::string::npos);

  ScriptedServer server;
  server.set_handler([](const std::string&) { return answer(200); });
  CHECK(caller.get(url_of(server), -1s).error().kind == ErrorKind::timed_out);
}

TEST_CASE("a server that closes or resets without an answer is named") {
  ScriptedServer server;
  server.enqueue({await_request(), close()});
  server.enqueue({await_request(), reset()});
  Caller caller;
  for (int i = 0; i < 2; ++i) {
    const auto response = caller.get(url_of(server));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unreachable);
    CHECK(response.error().message == server.address() + " closed the connection before its answer");
  }
  // A fresh connection that fails is not tried again.
  CHECK(server.connection_count() == 2);
}

TEST_CASE("a server that is no HTTP server, or speaks HTTP/2 at once, is named") {
  ScriptedServer server;
  server.enqueue({send("SSH-2.0-OpenSSH_9.2\r\n"), hang()});
  server.enqueue({send(std::string("\0\0\x12\x04\0\0\0\0\0", 9)), hang()});
  Caller caller;
  CHECK(caller.get(url_of(server)).error().kind == ErrorKind::protocol);
  const auto second = caller.get(url_of(server));
  CHECK(second.error().kind == ErrorKind::unsupported);
  CHECK(second.error().message.find("HTTP/2") != std::string::npos);
}

TEST_CASE("a large body arrives whole") {
  ScriptedServer server;
  std::string body(3'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 4096)
    body[i] = static_cast<char>('a' + i / 4096 % 26);
  server.enqueue({await_request(), send(answer(200, body)), hang()});
  Caller caller;
  auto request = request_to(url_of(server));
  request.body_limit = 4 << 20;
  const auto response = caller.send(std::move(request));
  REQUIRE(response);
  CHECK((response->body == body));
}
