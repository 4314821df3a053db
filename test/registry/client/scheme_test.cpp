// https always; plain http for registries that somebody listed, and for the command line's own machine.
#include <catch2/catch.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kImage = "127.0.0.1:5000/app:1";
const std::string kTls = "HEAD https://127.0.0.1:5000/v2/app/manifests/1";
const std::string kPlain = "HEAD http://127.0.0.1:5000/v2/app/manifests/1";

using Names = std::vector<std::string>;

registry::RegistrySettings insecure(const std::string& entry) {
  registry::RegistrySettings settings;
  settings.insecure = registry::HostList::parse({entry}).value();
  settings.http_fallback = 20ms;
  return settings;
}

Error not_tls(ErrorKind kind = ErrorKind::protocol) {
  Error error;
  error.kind = kind;
  error.message = "no TLS session with 127.0.0.1:5000";
  return error;
}

net::Response spoken_to_a_tls_port() {
  return response(400, {}, "Client sent an HTTP request to an HTTPS server.");
}

}  // namespace

TEST_CASE("a registry that nobody listed is never asked by plain http, private or not") {
  for (const auto* host :
       {"registry.example.com", "registry.local", "10.0.0.1:5000", "127.0.0.1:5000", "localhost:5000"}) {
    World world;
    world.http.on(std::string("HEAD https://") + host + "/v2/app/manifests/1", not_tls());
    CHECK_FALSE(world.find(std::string(host) + "/app:1"));
    CHECK(world.http.unexpected.empty());
    CHECK_FALSE(world.request(0).addresses.allow_loopback);
    CHECK_FALSE(world.request(0).addresses.listed);
    CHECK(world.request(0).addresses.allow_private);
  }
}

TEST_CASE(
    "a listed registry is asked over TLS first, then by http, credentials included; which is remembered") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, not_tls());
  world.http.on(kPlain, [](const net::Request& request) {
    return Result<net::Response>(authorization(request).starts_with("Basic ") ? found(sha256('a'))
                                                                              : response(401));
  });
  CHECK(world.find(kImage, basic()));
  CHECK(world.http.names() == Names{kTls, kPlain});
  CHECK(world.request(0).addresses.allow_loopback);
  CHECK(world.request(0).addresses.listed);
  CHECK(world.find(kImage, basic()));
  CHECK(world.http.names() == Names{kTls, kPlain, kPlain});
}

TEST_CASE("a listed registry that speaks TLS is asked by nothing else") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.find(kImage));
  CHECK(world.http.names() == Names{kTls, kTls});
}

TEST_CASE("TLS that takes too long is raced by plain http") {
  World world(insecure("127.0.0.1:5000"));
  world.http.hold("https://127.0.0.1:5000");
  world.http.on(kPlain, found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.http.names() == Names{kTls, kPlain});
  world.io.restart();
  world.io.run();
  CHECK(world.http.in_flight == 0);  // the slow one was given up
}

TEST_CASE("a slow TLS port that answers 400 to plain http is waited for") {
  World world(insecure("127.0.0.1:5000"));
  world.http.hold("https://127.0.0.1:5000");
  world.http.on(kTls, found(sha256('a')));
  world.http.on(kPlain, spoken_to_a_tls_port());
  Answers answers(1);
  world.start_all({kImage}, Credential::anonymous(), answers);
  world.io.restart();
  world.io.run_for(60ms);
  CHECK(world.http.names() == Names{kTls, kPlain});
  world.http.release("https://127.0.0.1:5000");
  world.io.run();
  REQUIRE(answers[0]);
  CHECK(answers[0]->has_value());
  CHECK(world.find(kImage));
  CHECK(world.http.names() == Names{kTls, kPlain, kTls});
}

TEST_CASE("when neither works the error names both") {
  World world(insecure("127.0.0.1:5000"));
  auto certificate = not_tls(ErrorKind::unreachable);
  certificate.message = "its certificate has expired";
  certificate.settled = true;
  auto refused = not_tls(ErrorKind::unreachable);
  refused.message = "connection refused";
  const auto message = [&] { return world.find(kImage).error().message; };
  world.http.on(kTls, certificate);
  world.http.on(kPlain, spoken_to_a_tls_port());
  CHECK(message().ends_with("over https: its certificate has expired; over http: it answered 400"));
  CHECK(world.http.names() == Names{kTls, kPlain});  // and is not asked again
  world.http.on(kPlain, refused);
  CHECK(message().ends_with("over https: its certificate has expired; over http: connection refused"));
  world.http.on(kTls, refused);
  CHECK(message().ends_with(": over https and over http: connection refused"));
}

TEST_CASE("each exchange of a race is told with its scheme and what came of it") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, not_tls());
  world.http.on(kPlain, found(sha256('a')));
  CHECK(world.find(kImage));
  const auto lines = world.log.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("https://127.0.0.1:5000/v2/app/manifests/1") != std::string::npos);
  CHECK(lines[0].find("no TLS session with 127.0.0.1:5000") != std::string::npos);
  CHECK(lines[0].find("status") == std::string::npos);
  CHECK(lines[1].find("http://127.0.0.1:5000/v2/app/manifests/1") != std::string::npos);
  CHECK(lines[1].find("200") != std::string::npos);
  CHECK(lines[1].find("error") == std::string::npos);
}

TEST_CASE("who is given up in a race is told as well") {
  World world(insecure("127.0.0.1:5000"));
  world.http.hold("https://127.0.0.1:5000");
  world.http.on(kPlain, found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.log.text().find("given up: http answered") != std::string::npos);
  // It is still to learn of that, before the client is gone.
  world.io.restart();
  world.io.poll();
}

TEST_CASE("a registry's own 400 by plain http is an answer") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, not_tls());
  world.http.on(kPlain, response(400, {{"Docker-Distribution-Api-Version", "registry/2.0"}}));
  world.http.on("GET http://127.0.0.1:5000/v2/app/manifests/1", body(kImageBody));
  CHECK(world.find(kImage));
}

TEST_CASE("plain http is forgotten when it fails, TLS is believed for ten minutes") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, not_tls());
  world.http.on(kPlain, found(sha256('a')));
  CHECK(world.find(kImage));
  world.http.on(kPlain, spoken_to_a_tls_port());
  world.http.on("GET http://127.0.0.1:5000/v2/app/manifests/1", spoken_to_a_tls_port());
  CHECK_FALSE(world.find(kImage));
  world.http.on(kTls, found(sha256('b')));
  CHECK(world.find(kImage)->str() == sha256('b'));

  world.http.on(kTls, not_tls());
  world.http.on(kPlain, found(sha256('c')));
  world.http.requests.clear();
  CHECK_FALSE(world.find(kImage));
  CHECK(world.http.count(kPlain) == 0);
  world.clock.advance(11min);
  CHECK(world.find(kImage)->str() == sha256('c'));
}

TEST_CASE("http:// in the list means that TLS is not tried") {
  World world(insecure("http://127.0.0.1:5000"));
  world.http.on(kPlain, found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.http.names() == Names{kPlain});
}

TEST_CASE("without a port the schemes' own ports are meant") {
  World world(insecure("registry.internal"));
  world.http.on("HEAD https://registry.internal/v2/app/manifests/1", not_tls(ErrorKind::unreachable));
  world.http.on("HEAD http://registry.internal/v2/app/manifests/1", found(sha256('a')));
  CHECK(world.find("registry.internal/app:1"));
  CHECK(world.request(1).url.port == 80);
}

TEST_CASE(
    "a token registry behind plain http: its realm may be http too, with credentials, on the same host") {
  World world(insecure("127.0.0.1:5000"));
  const std::string realm = "http://127.0.0.1:5001/auth";
  world.http.on(kTls, not_tls());
  world.http.on(kPlain, [=](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer t" ? found(sha256('a')) : bearer(realm));
  });
  world.http.on("GET " + realm, token("t"));
  CHECK(world.find(kImage, basic()));
  CHECK(authorization(world.request(2)).starts_with("Basic "));
  CHECK(world.request(2).addresses.allow_loopback);
  world.clock.advance(1h);
  CHECK(world.find(kImage, basic()));
}

TEST_CASE("credentials do not go by plain http to another host, insecure registry or not") {
  World world(insecure("registry.example.com"));
  world.http.on("HEAD https://registry.example.com/v2/app/manifests/1", not_tls());
  world.http.on("HEAD http://registry.example.com/v2/app/manifests/1",
                bearer("http://auth.example.com/token"));
  const auto error = world.find("registry.example.com/app:1", basic()).error();
  CHECK(error.kind == ErrorKind::forbidden);
  CHECK(error.message.find("without TLS") != std::string::npos);
  CHECK(error.message.find("--realm-allow registry.example.com=auth.example.com") != std::string::npos);
}

TEST_CASE("a listed registry that speaks TLS must name an https realm") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, bearer("http://127.0.0.1:5001/auth"));
  CHECK(world.find(kImage, basic()).error().kind == ErrorKind::forbidden);
}

TEST_CASE("on the command line a loopback registry counts as listed, another one does not") {
  registry::RegistrySettings settings;
  settings.command_line = true;
  for (const auto* host : {"127.0.0.1:5000", "localhost:5000", "[::1]:5000"}) {
    INFO(host);
    World world(settings);
    world.http.on(std::string("HEAD https://") + host + "/v2/app/manifests/1", not_tls());
    world.http.on(std::string("HEAD http://") + host + "/v2/app/manifests/1", found(sha256('a')));
    CHECK(world.find(std::string(host) + "/app:1", basic()));
    CHECK(world.request(1).addresses.allow_loopback);
    CHECK(authorization(world.request(1)).starts_with("Basic "));
  }
  World world(settings);
  world.http.on("HEAD https://registry.local/v2/app/manifests/1", not_tls());
  CHECK_FALSE(world.find("registry.local/app:1"));
  CHECK(world.http.unexpected.empty());
  CHECK_FALSE(world.request(0).addresses.allow_loopback);
  CHECK(world.request(0).addresses.listed);  // a person may know why it failed
}

TEST_CASE("names for metadata services and odd addresses are left to the address rules, unlisted") {
  World world;
  for (const std::string host :
       {"2130706433:5000", "0x7f.1:80", "[::ffff:a9fe:a9fe]:80", "169.254.169.254:80"}) {
    world.http.requests.clear();
    CHECK_FALSE(world.find(host + "/x:1"));
    REQUIRE(world.http.requests.size() == 1);
    CHECK(world.request(0).url.scheme == net::Scheme::https);
    CHECK_FALSE(world.request(0).addresses.allow_loopback);
    CHECK_FALSE(world.request(0).addresses.allow_metadata);
  }
}

TEST_CASE("an insecure registry's redirect within its own origin keeps Authorization") {
  World world(insecure("127.0.0.1:5000"));
  world.http.on(kTls, not_tls());
  world.http.on(kPlain, moved("/v2/real/manifests/1"));
  world.http.on("HEAD http://127.0.0.1:5000/v2/real/manifests/1", found(sha256('a')));
  CHECK(world.find(kImage, basic()));
  CHECK(authorization(world.request(2)).starts_with("Basic "));
}

TEST_CASE("ten look-ups at once learn the scheme of a plain registry without waiting for each other") {
  World world(insecure("127.0.0.1:5000"));
  std::vector<std::string> images;
  for (int i = 0; i < 10; ++i) {
    const auto path = "127.0.0.1:5000/v2/app/manifests/" + std::to_string(i);
    images.push_back("127.0.0.1:5000/app:" + std::to_string(i));
    world.http.on("HEAD https://" + path, not_tls());
    world.http.on("HEAD http://" + path, found(sha256('a')));
  }
  for (const auto& answer : world.find_all(images))
    CHECK(answer);
  CHECK(world.http.requests.size() == 20);
}
