// What a kubeconfig may say of TLS: our own certificate, another name, one authority alone, or no check.
#include <catch2/catch.hpp>

#include "net/client/fixture.hpp"
#include "support/temporary_directory.hpp"

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

std::string secure(const ScriptedServer& server) {
  return "https://127.0.0.1:" + std::to_string(server.port()) + "/";
}

void serve(ScriptedServer& server) {
  server.set_handler([](const std::string&) { return answer(200, "secure"); });
}

}  // namespace

TEST_CASE("a server that wants a certificate gets ours, and refuses us without") {
  const TestCa clients;
  const auto ours = clients.issue({.dns_names = {"client.test"}, .addresses = {}});
  ScriptedServer server(
      ServerTls{.certificate = authority().issue(), .client_ca_pem = clients.certificate_pem()});
  serve(server);
  auto options = trusting();
  SECTION("without") {
    const auto response = Caller(options).get(secure(server));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unreachable);
  }
  SECTION("with, its chain and other text around it") {
    options.tls.certificate_pem = "subject: client\n" + ours.certificate_pem + clients.certificate_pem();
    options.tls.key_pem = ours.key_pem;
    Caller caller(options);
    const auto response = caller.get(secure(server));
    REQUIRE(response);
    CHECK(response->body == "secure");
  }
  SECTION("with one of another authority") {
    const auto other = authority().issue();
    options.tls.certificate_pem = other.certificate_pem;
    options.tls.key_pem = other.key_pem;
    CHECK(Caller(options).get(secure(server)).error().kind == ErrorKind::unreachable);
  }
}

TEST_CASE("a client certificate that cannot be used stops the start, in words without any of it") {
  const auto one = authority().issue();
  const auto other = authority().issue();
  const auto made = [](const std::string& certificate, const std::string& key) {
    auto options = client_options();
    options.tls.certificate_pem = certificate;
    options.tls.key_pem = key;
    net::asio::io_context io;
    net::create_http_client(io, options);
  };
  CHECK_THROWS_WITH(made("junk", one.key_pem), Catch::Contains("no PEM certificate"));
  CHECK_THROWS_WITH(made(one.certificate_pem, ""), Catch::Contains("no PEM key"));
  CHECK_THROWS_WITH(made("", one.key_pem), Catch::Contains("no PEM certificate"));
  CHECK_THROWS_WITH(made(one.certificate_pem, other.key_pem), Catch::Contains("do not belong together"));
  CHECK_THROWS_WITH(made(one.certificate_pem,
                         "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n"
                         "-----END ENCRYPTED PRIVATE KEY-----\n"),
                    Catch::Contains("encrypted"));
}

TEST_CASE("the name of the certificate can be another than the host's") {
  ScriptedServer server(ServerTls{authority().issue({.dns_names = {"api.test"}, .addresses = {}})});
  serve(server);
  auto options = trusting();
  CHECK_FALSE(Caller(options).get(secure(server)));
  options.tls.server_name = "api.test";
  CHECK(Caller(options).get(secure(server))->body == "secure");
  CHECK(server.server_names().back() == "api.test");
  options.tls.server_name = "other.test";
  CHECK_FALSE(Caller(options).get(secure(server)));
}

TEST_CASE("only a client that was told so believes anybody") {
  const TestCa stranger;
  ScriptedServer server(ServerTls{stranger.issue({.dns_names = {"elsewhere.test"}, .ends = -1min})});
  serve(server);
  auto options = client_options();
  CHECK_FALSE(net::ClientOptions().tls.insecure_skip_verify);
  CHECK_FALSE(Caller(options).get(secure(server)));
  options.tls.insecure_skip_verify = true;
  CHECK(Caller(options).get(secure(server))->body == "secure");
  CHECK(server.server_names().back().empty());
}

TEST_CASE("without the system's store only the given text is believed, whatever the system has") {
  const TemporaryDirectory directory;
  const TestCa system;
  ScriptedServer server(ServerTls{system.issue()});
  serve(server);
  auto options = trusting();
  options.trust.cert_file = directory.write("bundle.pem", system.certificate_pem());
  options.trust.cert_dir = directory.path().string();
  options.trust.system_store = true;
  CHECK(Caller(options).get(secure(server)));
  options.trust.system_store = false;
  CHECK_FALSE(Caller(options).get(secure(server)));
}
