// The server under TLS: what is negotiated, what is refused, and a certificate that changes.
#include <catch2/catch.hpp>

#include <openssl/x509.h>
#include <sys/socket.h>

#include <thread>

#include "net/server/fixture.hpp"
#include "support/test_certs.hpp"

using namespace digester;
using namespace digester::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kFailures = "digester_tls_handshake_failures_total";

std::shared_ptr<net::ServerTls> tls_of(const TestCertificate& pair) {
  auto tls = net::ServerTls::create(pair.certificate_pem, pair.key_pem);
  REQUIRE(tls);
  return *tls;
}

std::string negotiated_protocol(const RawClient& client) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.ssl(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string serial_of(const RawClient& client) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(client.ssl()),
                                                                &X509_free);
  const auto* serial = X509_get0_serialNumber(certificate.get());
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
          static_cast<std::size_t>(ASN1_STRING_length(serial))};
}

std::string reason_of_failure(std::uint16_t port, SSL_CTX* context) {
  try {
    RawClient client(port, context);
    return "none";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("Over TLS requests of all sizes are served, at once and later") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  const auto context = client_context(ca.certificate_pem());
  RawClient client(server.port(), context.get());
  CHECK(client.ask(post("/async", "x")).value().body == "POST /async|||x");
  for (const std::size_t size : {0U, 1U, 16000U, 16384U, 40000U, 3000000U}) {
    CAPTURE(size);
    const std::string body(size, 'x');
    CHECK(client.ask(post("/", body)).value().body == "POST /|||" + body);
  }
  std::string pipelined;
  for (int i = 0; i < 100; ++i)
    pipelined += post("/" + std::to_string(i), "x");
  REQUIRE(client.send(pipelined));
  for (int i = 0; i < 100; ++i)
    REQUIRE(client.receive().value().body == "POST /" + std::to_string(i) + "|||x");
  REQUIRE(client.send("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
  REQUIRE(client.send("0\r\n\r\n"));
  CHECK(client.receive().value().body == "POST /c|||abc");
  CHECK(client.ask(get("/", "Connection: close\r\n")).value().closes());
  // The server said goodbye: what came is known to be whole.
  CHECK(client.ends());
  CHECK((SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

TEST_CASE("A request that arrives in many records is one request") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  const auto context = client_context(ca.certificate_pem());
  RawClient client(server.port(), context.get());
  for (const char c : post("/drip", "drop"))
    REQUIRE(client.send({&c, 1}));
  CHECK(client.receive().value().body == "POST /drip|||drop");
}

TEST_CASE("TLS 1.2 and 1.3 are spoken, nothing older") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = client_context(ca.certificate_pem());
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    RawClient client(server.port(), context.get());
    CHECK(SSL_version(client.ssl()) == version);
    CHECK(client.ask(get("/")).value().status == 200);
  }
  const auto old = client_context(ca.certificate_pem());
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  CHECK(reason_of_failure(server.port(), old.get()) != "none");
  CHECK(server.reaches(kFailures, 1, "reason=\"no_shared_parameters\""));
}

TEST_CASE("P-256 is agreed on where the client leaves the choice") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  const auto context = client_context(ca.certificate_pem());
  SSL_CTX_set1_groups_list(context.get(), "X25519:P-384:P-256");
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  RawClient client(server.port(), context.get());
  CHECK(SSL_get_negotiated_group(client.ssl()) == NID_X9_62_prime256v1);
  // With TLS 1.3 a share that came along is taken: asking for another would cost a round trip.
  const auto newer = client_context(ca.certificate_pem());
  SSL_CTX_set1_groups_list(newer.get(), "X25519:P-256");
  RawClient other(server.port(), newer.get());
  CHECK(SSL_get_negotiated_group(other.ssl()) == NID_X25519);
}

TEST_CASE("ALPN: http/1.1 out of several, and a client that wants only another protocol is refused") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  const auto context = client_context(ca.certificate_pem());
  static constexpr unsigned char both[] = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), both, sizeof both - 1);
  RawClient client(server.port(), context.get());
  CHECK(negotiated_protocol(client) == "http/1.1");
  static constexpr unsigned char only_h2[] = "\x02h2";
  SSL_CTX_set_alpn_protos(context.get(), only_h2, sizeof only_h2 - 1);
  CHECK(reason_of_failure(server.port(), context.get()) == "tlsv1 alert no application protocol");
  CHECK(server.reaches(kFailures, 1, "reason=\"no_shared_parameters\""));
}

TEST_CASE("No session tickets are sent, with either version") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  static std::atomic<int> sessions;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    sessions = 0;
    const auto context = client_context(ca.certificate_pem());
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context.get(), [](SSL*, SSL_SESSION* session) {
      if (SSL_SESSION_has_ticket(session)) ++sessions;
      return 0;
    });
    RawClient client(server.port(), context.get());
    CHECK(client.ask(get("/")).value().status == 200);
    CHECK(sessions == 0);
  }
}

TEST_CASE("A handshake that does not come to an end is cut off") {
  const TestCa ca;
  net::ServerOptions options;
  options.handshake_limit = 500ms;
  TestServer server(options, tls_of(ca.issue()));
  RawClient silent(server.port());
  RawClient half(server.port());
  REQUIRE(half.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)));
  CHECK(silent.ends());
  CHECK(half.ends());
  CHECK(server.reaches(kFailures, 2, "reason=\"timeout\""));
  // Those who are through have the time of idle connections.
  const auto context = client_context(ca.certificate_pem());
  RawClient good(server.port(), context.get());
  std::this_thread::sleep_for(options.handshake_limit + 50ms);
  CHECK(good.ask(get("/")).value().status == 200);
}

TEST_CASE("Plain HTTP on the TLS port is told so") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  RawClient client(server.port());
  const auto response = client.ask(get("/")).value();
  CHECK(response.status == 400);
  CHECK(response.body == "this port speaks TLS: use https://\n");
  CHECK(client.ends());
  CHECK(server.metric(kFailures, "reason=\"plain_http\"") == 1);
}

TEST_CASE("A client that distrusts our certificate is noticed, with either version") {
  const TestCa ca;
  const TestCa of_the_same_name;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TestServer server({}, tls_of(ca.issue()));
  const auto trusts_nothing = client_context({});
  SSL_CTX_set_max_proto_version(trusts_nothing.get(), version);
  CHECK(reason_of_failure(server.port(), trusts_nothing.get()) == "certificate verify failed");
  CHECK(server.reaches(kFailures, 1, "reason=\"certificate_refused\""));
  const auto trusts_another = client_context(of_the_same_name.certificate_pem());
  SSL_CTX_set_max_proto_version(trusts_another.get(), version);
  CHECK(reason_of_failure(server.port(), trusts_another.get()) != "none");
  CHECK(server.reaches(kFailures, 2, "reason=\"certificate_refused\""));
  CHECK(server.log.text().find("a client refused our certificate") != std::string::npos);
}

TEST_CASE("Noise instead of TLS closes the connection") {
  const TestCa ca;
  TestServer server({}, tls_of(ca.issue()));
  RawClient client(server.port());
  client.send(std::string(300, '\xff'));
  CHECK(client.ends());
  RawClient leaves(server.port());
  leaves.finish_sending();
  CHECK(leaves.ends());
  CHECK(server.reaches(kFailures, 1, "reason=\"closed\""));
  // In the middle of a session, too.
  const auto context = client_context(ca.certificate_pem());
  RawClient breaks(server.port(), context.get());
  REQUIRE(breaks.ask(get("/")));
  REQUIRE(::send(breaks.descriptor(), "noise\r\n\r\nnoise", 14, MSG_NOSIGNAL) == 14);
  CHECK(breaks.ends());
}

TEST_CASE("A slow reader over TLS is cut off") {
  const TestCa ca;
  net::ServerOptions options;
  options.write_limit = 100ms;
  TestServer server(options, tls_of(ca.issue()));
  const auto context = client_context(ca.certificate_pem());
  RawClient client(server.port(), context.get());
  REQUIRE(client.send(get("/size/50000000")));
  CHECK(eventually([&] { return server.server->connections() == 0; }));
  CHECK(server.metric("digester_http_rejected_requests_total", "reason=\"slow_reader\"") == 1);
}

TEST_CASE("A new certificate is for new connections, old ones live on") {
  const TestCa ca;
  const auto tls = tls_of(ca.issue());
  TestServer server({}, tls);
  const auto context = client_context(ca.certificate_pem());
  RawClient before(server.port(), context.get());
  REQUIRE(before.ask(get("/")));

  CertificateSpec longer;
  longer.ends = std::chrono::hours(48);
  const auto next = ca.issue(longer);
  REQUIRE(tls->replace(next.certificate_pem, next.key_pem));
  CHECK(tls->not_after() > std::chrono::system_clock::now() + 47h);
  RawClient after(server.port(), context.get());
  CHECK(serial_of(before) != serial_of(after));
  CHECK(before.ask(get("/")).value().status == 200);
  CHECK(after.ask(get("/")).value().status == 200);

  // A pair that does not match is refused and changes nothing.
  const auto refused = tls->replace(ca.issue().certificate_pem, ca.issue().key_pem);
  REQUIRE_FALSE(refused);
  RawClient still(server.port(), context.get());
  CHECK(serial_of(still) == serial_of(after));
}

TEST_CASE("Certificates can change during handshakes on other threads") {
  const TestCa ca;
  const auto tls = tls_of(ca.issue());
  TestServer server({}, tls);
  std::atomic<bool> done{false};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      const auto context = client_context(ca.certificate_pem());
      while (!done) {
        try {
          RawClient client(server.port(), context.get());
          if (!client.ask(get("/"))) ++failed;
        } catch (const std::exception&) {
          ++failed;
        }
      }
    });
  for (int i = 0; i < 30; ++i) {
    const auto next = ca.issue();
    if (!tls->replace(next.certificate_pem, next.key_pem)) ++failed;
    std::this_thread::sleep_for(5ms);
  }
  done = true;
  for (auto& client : clients)
    client.join();
  CHECK(failed == 0);
}

TEST_CASE("A chain is sent with the certificate") {
  const TestCa ca;
  const auto leaf = ca.issue();
  TestServer server({}, tls_of({leaf.certificate_pem + ca.certificate_pem(), leaf.key_pem}));
  const auto context = client_context(ca.certificate_pem());
  RawClient client(server.port(), context.get());
  CHECK(sk_X509_num(SSL_get_peer_cert_chain(client.ssl())) == 2);
}

TEST_CASE("Pairs that cannot serve are refused in one line that names the file and the cure") {
  const TestCa ca;
  const auto pair = ca.issue();
  const auto error_of = [](const std::string& certificate, const std::string& key) {
    const auto tls = net::ServerTls::create(certificate, key, "/certs/tls.crt", "/certs/tls.key");
    return tls ? std::string("none") : tls.error().message;
  };
  CHECK(error_of(pair.certificate_pem, pair.key_pem) == "none");
  CHECK(error_of("", pair.key_pem) ==
        "/certs/tls.crt holds no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\"): no start line");
  CHECK(error_of(pair.key_pem, pair.certificate_pem).substr(0, 37) ==
        "/certs/tls.crt holds no certificate i");
  CHECK(error_of(pair.certificate_pem, "rubbish") ==
        "/certs/tls.key holds no private key in PEM form (\"-----BEGIN PRIVATE KEY-----\"): unsupported");
  CHECK(error_of(pair.certificate_pem, ca.issue().key_pem) ==
        "/certs/tls.key is not the key of the certificate in /certs/tls.crt: put both of one pair there");
  CHECK(error_of(pair.certificate_pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                 pair.key_pem)
            .substr(0, 60) == "/certs/tls.crt holds a broken certificate behind the first: ");
  std::string chain;
  for (int i = 0; i < 11; ++i)
    chain += pair.certificate_pem;
  CHECK(error_of(chain, pair.key_pem) == "/certs/tls.crt holds more than 10 certificates");
  const std::string encrypted =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  CHECK(error_of(pair.certificate_pem, encrypted) ==
        "/certs/tls.key is protected by a passphrase, which nobody is there to type: store it without");
}

TEST_CASE("Stopping leaves a fresh TLS connection time for its first request") {
  const TestCa ca;
  net::ServerOptions options;
  options.stop_limit = 1h;
  TestServer server(options, tls_of(ca.issue()));
  const auto context = client_context(ca.certificate_pem());
  RawClient fresh(server.port(), context.get());
  Stopping stopping(server);
  CHECK(fresh.ask(get("/")).value().closes());
  CHECK(stopping.finish());
}

TEST_CASE("Stopping does not wait long for a handshake that does not come") {
  const TestCa ca;
  net::ServerOptions options;
  options.stop_limit = 50ms;
  TestServer server(options, tls_of(ca.issue()));
  RawClient silent(server.port());
  REQUIRE(eventually([&] { return server.server->connections() == 1; }));
  Stopping stopping(server);
  CHECK(stopping.finish());
  CHECK(silent.ends());
}
