// TLS towards registries: who is believed, and what is said of those who are not.
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "net/client/fixture.hpp"

using namespace digester;
using namespace digester::test;

namespace {

TestCa& authority() {
  static TestCa ca;
  return ca;
}

net::ClientOptions trusting() {
  auto options = client_options();
  options.trust.ca_pem = authority().certificate_pem();
  return options;
}

std::string secure(const ScriptedServer& server, const std::string& host = "127.0.0.1") {
  return "https://" + host + ":" + std::to_string(server.port()) + "/";
}

Error error_of(ScriptedServer& server, const std::string& host = "127.0.0.1",
               net::ClientOptions options = trusting()) {
  Caller caller(std::move(options));
  const auto response = caller.get(secure(server, host));
  REQUIRE_FALSE(response);
  return response.error();
}

struct TempDir {
  TempDir() {
    char name[] = "/tmp/digester-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("a private CA is believed when given, by name, by wildcard and by address") {
  ScriptedServer server(ServerTls{authority().issue()});
  server.set_handler([](const std::string&) { return answer(200, "secure"); });
  Caller caller(trusting());
  for (const char* host : {"127.0.0.1", "registry.test", "a.wild.test"}) {
    INFO(host);
    const auto response = caller.get(secure(server, host));
    REQUIRE(response);
    CHECK(response->body == "secure");
    CHECK(caller.get(secure(server, host))->reused);
  }
  CHECK(server.connection_count() == 3);
}

TEST_CASE("of two authorities of one name the one that signed is found, whichever stands first") {
  const TestCa first;
  const TestCa second;
  auto options = client_options();
  options.trust.ca_pem = first.certificate_pem() + second.certificate_pem() + first.certificate_pem();
  for (const auto* ca : {&first, &second}) {
    ScriptedServer server(ServerTls{ca->issue()});
    server.set_handler([](const std::string&) { return answer(200, "secure"); });
    Caller caller(options);
    const auto response = caller.get(secure(server));
    REQUIRE(response);
    CHECK(response->body == "secure");
  }
  const TestCa third;
  ScriptedServer server(ServerTls{third.issue()});
  CHECK(error_of(server, "127.0.0.1", options).message.find("not trusted") != std::string::npos);
}

TEST_CASE("an unknown CA is refused, and the error names the cure") {
  const TestCa stranger;
  ScriptedServer server(ServerTls{stranger.issue()});
  const auto error = error_of(server);
  CHECK(error.kind == ErrorKind::unreachable);
  CHECK(error.message.find("not trusted") != std::string::npos);
  CHECK(error.message.find("--ca-file") != std::string::npos);
  CHECK(error.message.find(server.address()) != std::string::npos);
  CHECK(error.settled);
}

TEST_CASE("a certificate for another name or address is refused") {
  ScriptedServer server(
      ServerTls{authority().issue({.dns_names = {"elsewhere.test"}, .addresses = {"10.0.0.1"}})});
  CHECK(error_of(server, "registry.test").message.find("for another name") != std::string::npos);
  CHECK(error_of(server).message.find("for another name") != std::string::npos);
  CHECK(error_of(server).settled);
}

TEST_CASE("an address written as a name in the certificate does not count as one") {
  ScriptedServer server(ServerTls{authority().issue({.dns_names = {"127.0.0.1"}, .addresses = {}})});
  CHECK(error_of(server).message.find("for another name") != std::string::npos);
}

TEST_CASE("a certificate that is over or has not begun is refused") {
  ScriptedServer over(ServerTls{authority().issue({.starts = -2h, .ends = -1h})});
  CHECK(error_of(over).message.find("has expired") != std::string::npos);
  CHECK(error_of(over).settled);
  ScriptedServer early(ServerTls{authority().issue({.starts = 1h, .ends = 2h})});
  CHECK(error_of(early).message.find("not valid yet") != std::string::npos);
}

TEST_CASE("a server that speaks only HTTP/2 is named") {
  ScriptedServer server(ServerTls{authority().issue(), {"h2"}});
  const auto error = error_of(server);
  CHECK(error.kind == ErrorKind::unsupported);
  CHECK(error.message.find("only HTTP/2") != std::string::npos);
}

TEST_CASE("of several protocols http/1.1 is chosen") {
  ScriptedServer server(ServerTls{authority().issue(), {"h2", "http/1.1"}});
  server.set_handler([](const std::string&) { return answer(200, "one"); });
  Caller caller(trusting());
  CHECK(caller.get(secure(server))->body == "one");
}

TEST_CASE("a plain server asked over TLS is named as such") {
  ScriptedServer server;
  server.enqueue({send("HTTP/1.1 400 Bad Request\r\n\r\n"), hang()});
  const auto error = error_of(server);
  CHECK(error.kind == ErrorKind::protocol);
  CHECK(error.message.find("does not speak TLS") != std::string::npos);
}

TEST_CASE("a TLS handshake that hangs or breaks off ends in time") {
  ScriptedServer server;
  server.enqueue({hang()});
  server.enqueue({close()});
  auto options = trusting();
  options.tls_limit = 60ms;
  const Stopwatch watch;
  CHECK(error_of(server, "127.0.0.1", options).kind == ErrorKind::timed_out);
  CHECK(watch.elapsed() < 1s);
  CHECK(error_of(server).kind == ErrorKind::unreachable);
}

TEST_CASE("a body until the end needs a proper end in TLS") {
  ScriptedServer server(ServerTls{authority().issue()});
  server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\n\r\nall of it"), close()});
  server.enqueue({await_request(), send("HTTP/1.1 200 OK\r\n\r\ncut off"), reset()});
  Caller caller(trusting());
  CHECK(caller.get(secure(server))->body == "all of it");
  const auto cut = caller.get(secure(server));
  REQUIRE_FALSE(cut);
  CHECK(cut.error().kind == ErrorKind::protocol);
}

TEST_CASE("surplus bytes in a TLS record of their own end the connection too") {
  ScriptedServer server(ServerTls{authority().issue()});
  server.enqueue({await_request(), send(answer(200, "first")), send(answer(200, "smuggled")), hang()});
  server.enqueue({await_request(), send(answer(200, "fresh")), hang()});
  Caller caller(trusting());
  CHECK(caller.get(secure(server))->body == "first");
  net::Timer pause(caller.io.get_executor(), 20ms);
  pause.wait();
  CHECK(caller.get(secure(server))->body == "fresh");
}

TEST_CASE("a large body and many requests over one TLS connection") {
  ScriptedServer server(ServerTls{authority().issue()});
  const std::string body(2'000'000, 'x');
  server.set_handler([&](const std::string&) { return answer(200, body); });
  Caller caller(trusting());
  for (int i = 0; i < 10; ++i) {
    auto request = request_to(secure(server));
    request.body_limit = 4 << 20;
    const auto response = caller.send(std::move(request));
    REQUIRE(response);
    CHECK((response->body == body));
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("CA files are added, and one that is no use stops the start") {
  const TempDir dir;
  ScriptedServer server(ServerTls{authority().issue()});
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  auto options = client_options();
  options.trust.ca_files = {
      dir.write("ca.pem", "junk before\n" + TestCa().certificate_pem() + authority().certificate_pem())};
  Caller caller(options);
  CHECK(caller.get(secure(server)));

  net::asio::io_context io;
  options.trust.ca_files = {dir.write("empty.pem", "no certificate\n")};
  CHECK_THROWS_WITH(net::create_http_client(io, options), Catch::Contains("holds no PEM certificate"));
  options.trust.ca_files = {(dir.path / "absent.pem").string()};
  CHECK_THROWS_WITH(net::create_http_client(io, options), Catch::Contains("cannot be read"));
}

TEST_CASE("SSL_CERT_FILE and SSL_CERT_DIR name the authorities") {
  const TempDir dir;
  const std::string file = dir.write("bundle.pem", authority().certificate_pem());
  const TempDir empty;
  ScriptedServer server(ServerTls{authority().issue()});
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  auto options = client_options();
  options.trust.system_store = true;
  SECTION("a file") {
    options.trust.cert_file = file;
    options.trust.cert_dir = empty.path.string();
    CHECK(Caller(options).get(secure(server)));
  }
  SECTION("several directories") {
    options.trust.cert_file = "/nonexistent";
    options.trust.cert_dir = empty.path.string() + ":/nonexistent:" + dir.path.string();
    CHECK(Caller(options).get(secure(server)));
  }
  SECTION("neither holds one: nobody is believed, and the error says so") {
    options.trust.cert_file = "/nonexistent";
    options.trust.cert_dir = empty.path.string();
    Caller caller(options);
    for (int i = 0; i < 2; ++i) {
      const auto error = caller.get(secure(server)).error();
      CHECK(error.message.find("no certificate authority is trusted here") != std::string::npos);
      CHECK(error.message.ends_with("; SSL_CERT_FILE /nonexistent cannot be read"));
    }
  }
  SECTION("one that cannot be read is told once, and in the error of who is not trusted") {
    std::vector<std::string> told;
    options.trust.cert_file = dir.write("key.pem", "no certificate\n");
    options.trust.cert_dir = "/nonexistent:" + empty.path.string();
    options.trust.ca_pem = TestCa().certificate_pem();
    options.trust.warn = [&](const std::string& trouble) { told.push_back(trouble); };
    const auto trouble = "SSL_CERT_FILE " + *options.trust.cert_file +
                         " holds no PEM certificate; SSL_CERT_DIR /nonexistent cannot be read";
    Caller caller(options);
    for (int i = 0; i < 2; ++i)
      CHECK(caller.get(secure(server)).error().message.ends_with("; " + trouble));
    CHECK(told == std::vector{trouble});
  }
  SECTION("the system's own store does not know the test's authority") {
    const auto error = error_of(server, "127.0.0.1", options);
    CHECK(error.message.find("trusted") != std::string::npos);
  }
}

TEST_CASE("what is in the store is an anchor, be it the server's own certificate") {
  const TestCa stranger;
  const auto leaf = stranger.issue();
  ScriptedServer server(ServerTls{leaf});
  server.set_handler([](const std::string&) { return answer(200, "x"); });
  auto options = client_options();
  options.trust.ca_pem = leaf.certificate_pem;
  Caller caller(options);
  CHECK(caller.get(secure(server)));
}

TEST_CASE("a reused TLS connection that closes is replaced, one that is silent is raced") {
  ScriptedServer server(ServerTls{authority().issue()});
  server.enqueue({await_request(), send(answer(200, "a")), await_request(), close()});
  server.enqueue({await_request(), send(answer(200, "b")), await_request(), hang()});
  server.enqueue({await_request(), send(answer(200, "c")), hang()});
  auto options = trusting();
  options.silence = 50ms;
  Caller caller(options);
  CHECK(caller.get(secure(server))->body == "a");
  CHECK(caller.get(secure(server))->body == "b");
  CHECK(caller.get(secure(server))->body == "c");
}
