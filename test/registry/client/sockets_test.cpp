// The look-up over real sockets and TLS, against servers that do what broken registries and fronts do.
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <random>

#include "net/client/client_options.hpp"
#include "registry/client/world.hpp"
#include "registry/protocol/media_type.hpp"
#include "support/scripted_server.hpp"

using namespace digester;
using namespace digester::registry_test;
using test::answer;
using test::RecordedRequest;
using test::Script;
using test::ScriptedServer;

namespace {

const std::string kBody = kImageBody;
const std::string kDigest = sha256_of(kBody);

std::string head_answer(const std::string& digest, const Fields& more = {}) {
  std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(kImageType) + "\r\nContent-Length: 66\r\n";
  if (!digest.empty()) text += "Docker-Content-Digest: " + digest + "\r\n";
  for (const auto& [name, value] : more)
    text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

std::string get_answer(const std::string& body, const Fields& more = {}) {
  Fields fields = {{"Content-Type", kImageType}};
  fields.insert(fields.end(), more.begin(), more.end());
  return answer(200, body, fields);
}

const test::TestCa& authority() {
  static const test::TestCa ca;
  return ca;
}

std::optional<test::ServerTls> tls() {
  test::ServerTls made;
  made.certificate = authority().issue();
  return made;
}

// A registry on 127.0.0.1 known as registry.test, and a look-up with the real HTTP client.
struct Wire {
  explicit Wire(std::optional<test::ServerTls> transport = tls(), registry::RegistrySettings settings = {})
      : server(std::move(transport)) {
    net::ClientOptions options;
    options.trust.system_store = false;
    options.trust.ca_pem = authority().certificate_pem();
    options.dns.servers = "127.0.0.1:9";
    options.pool.rest = 0ms;  // so that reuse can be counted
    options.dns.fixed = {{"registry.test", {net::asio::ip::make_address("127.0.0.1")}}};
    client = net::create_http_client(io, std::move(options));
    if (settings.insecure.empty()) settings.insecure = registry::HostList::parse({"registry.test"}).value();
    settings.backoff = 1ms;
    lookup = registry::create_lookup(*client, clock, std::move(settings), metrics, log.logger());
  }

  std::string host() const { return "registry.test:" + std::to_string(server.port()); }
  std::string image(const std::string& tag = "1") const { return host() + "/app:" + tag; }
  Result<image::Digest> find(const std::string& image, const Credential& credential = Credential::anonymous(),
                             Duration limit = 5s) {
    return run(io, lookup->find(image::Reference::parse(image).value(), credential, clock.now() + limit));
  }
  // HEAD gets one answer, GET another; both over and over.
  void serve(const std::string& head, const std::string& get = "") {
    server.set_reactor([=](const RecordedRequest& request) -> Script {
      return {test::send(request.method() == "HEAD" ? head : get)};
    });
  }
  std::vector<std::string> methods() const {
    std::vector<std::string> all;
    for (const auto& request : server.requests())
      all.push_back(request.method());
    return all;
  }

  SystemClock clock;
  test::CaptureLog log;
  Metrics metrics;
  ScriptedServer server;
  net::asio::io_context io;
  std::unique_ptr<net::HttpClient> client;
  std::unique_ptr<registry::RegistryLookup> lookup;
};

using Methods = std::vector<std::string>;

}  // namespace

TEST_CASE("sockets: one HEAD over TLS, and the connection serves the next look-up") {
  Wire wire;
  wire.serve(head_answer(kDigest));
  CHECK(wire.find(wire.image())->str() == kDigest);
  CHECK(wire.find(wire.image("2"))->str() == kDigest);
  CHECK(wire.methods() == Methods{"HEAD", "HEAD"});
  CHECK(wire.server.connection_count() == 1);
  const auto first = wire.server.requests().at(0);
  CHECK(first.target() == "/v2/app/manifests/1");
  CHECK(first.field("Accept") == registry::protocol::kManifestAccept);
  CHECK(first.field("Accept-Encoding") == "identity");
  CHECK_FALSE(first.field("Authorization"));
}

TEST_CASE("sockets: challenge, token and answer take one connection, bodies drained") {
  Wire wire;
  const auto challenge = "Bearer realm=\"https://" + wire.host() + "/token\",service=\"s\"";
  wire.server.set_reactor([=](const RecordedRequest& request) -> Script {
    if (request.target().starts_with("/token")) return {test::send(answer(200, R"({"token":"t1"})"))};
    if (request.field("Authorization") == "Bearer t1") return {test::send(head_answer(kDigest))};
    return {test::send(answer(401, "", {{"WWW-Authenticate", challenge}}))};
  });
  CHECK(wire.find(wire.image(), basic())->str() == kDigest);
  CHECK(wire.methods() == Methods{"HEAD", "GET", "HEAD"});
  CHECK(wire.server.connection_count() == 1);
  CHECK(wire.server.requests().at(1).target() == "/token?service=s&scope=repository%3Aapp%3Apull");
}

TEST_CASE("sockets: HEAD 405, a missing, a doubled and a false digest are settled by GET") {
  const auto no_head = answer(405);
  for (const auto& head :
       {no_head, head_answer(""), head_answer(kDigest, {{"Docker-Content-Digest", kDigest}}),
        head_answer("sha256:zz"), answer(404), answer(400)}) {
    Wire wire;
    wire.serve(head, get_answer(kBody, {{"Docker-Content-Digest", kDigest}}));
    CHECK(wire.find(wire.image())->str() == kDigest);
    CHECK(wire.methods() == Methods{"HEAD", "GET"});
  }
  Wire wire;
  wire.serve(no_head, get_answer(kBody, {{"Docker-Content-Digest", sha256('a')}}));
  CHECK(wire.find(wire.image()).error().kind == ErrorKind::protocol);
}

TEST_CASE("sockets: a compressed, an oversized and a foreign manifest are refused") {
  Wire wire;
  wire.serve(answer(405), get_answer(kBody, {{"Content-Encoding", "gzip"}}));
  CHECK(wire.find(wire.image()).error().kind == ErrorKind::protocol);
  wire.serve(answer(405), get_answer(std::string(4 * 1024 * 1024 + 1, ' ')));
  CHECK(wire.find(wire.image()).error().kind == ErrorKind::too_large);
  wire.serve(answer(405), get_answer("<html>please log in</html>"));
  CHECK(wire.find(wire.image()).error().kind == ErrorKind::protocol);
  wire.serve(
      answer(405),
      answer(200, "{}", {{"Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws"}}));
  CHECK(wire.find(wire.image()).error().kind == ErrorKind::unsupported);
}

TEST_CASE("sockets: 1xx answers before the real one are passed over") {
  Wire wire;
  wire.serve("HTTP/1.1 103 Early Hints\r\nDocker-Content-Digest: " + sha256('a') + "\r\n\r\n" +
             head_answer(kDigest));
  CHECK(wire.find(wire.image())->str() == kDigest);
}

TEST_CASE("sockets: a smuggled second answer never becomes another image's digest") {
  Wire wire;
  wire.server.set_reactor([](const RecordedRequest& request) -> Script {
    if (request.target().ends_with("/1"))
      return {test::send(head_answer(sha256('1')) + head_answer(sha256('6')))};
    return {test::send(head_answer(sha256('2')))};
  });
  CHECK(wire.find(wire.image("1"))->str() == sha256('1'));
  CHECK(wire.find(wire.image("2"))->str() == sha256('2'));
  CHECK(wire.server.connection_count() == 2);
}

TEST_CASE("sockets: a body on HEAD never becomes another image's answer") {
  Wire wire;
  wire.server.set_reactor([](const RecordedRequest& request) -> Script {
    if (request.target().ends_with("/1")) return {test::send(head_answer(sha256('1')) + kBody)};
    return {test::send(head_answer(sha256('2')))};
  });
  CHECK(wire.find(wire.image("1"))->str() == sha256('1'));
  CHECK(wire.find(wire.image("2"))->str() == sha256('2'));
}

TEST_CASE("sockets: two lengths, or a length and chunks, are no answer") {
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    Wire wire;
    wire.serve(answer(405), head);
    CHECK_FALSE(wire.find(wire.image()));
  }
}

TEST_CASE("sockets: a manifest cut short is no manifest") {
  Wire wire;
  wire.server.set_reactor([](const RecordedRequest& request) -> Script {
    if (request.method() == "HEAD") return {test::send(answer(405))};
    const auto whole = get_answer(kBody);
    return {test::send(whole.substr(0, whole.size() - 1)), test::close()};
  });
  CHECK_FALSE(wire.find(wire.image()));
}

TEST_CASE("sockets: resets and 5xx are tried again") {
  Wire wire;
  auto number = std::make_shared<int>(0);
  wire.server.set_reactor([number](const RecordedRequest&) -> Script {
    switch (++*number) {
      case 1:
        return {test::reset()};
      case 2:
        return {test::send(answer(503)), test::close()};
      default:
        return {test::send(head_answer(kDigest))};
    }
  });
  CHECK(wire.find(wire.image())->str() == kDigest);
  CHECK(wire.methods() == Methods{"HEAD", "HEAD", "HEAD"});
}

TEST_CASE("sockets: a registry that says nothing costs its time limit and no more") {
  Wire wire;
  wire.server.set_reactor([](const RecordedRequest&) -> Script { return {test::hang()}; });
  const auto started = wire.clock.now();
  const auto error = wire.find(wire.image(), Credential::anonymous(), 500ms).error();
  CHECK(error.kind == ErrorKind::timed_out);
  CHECK(wire.clock.now() - started < 1500ms);
}

TEST_CASE("sockets: an answer that drips is cut off at the deadline") {
  Wire wire;
  wire.server.set_reactor([](const RecordedRequest& request) -> Script {
    if (request.method() == "HEAD") return {test::send(answer(405))};
    return {test::drip(get_answer(kBody), 1, 50ms)};
  });
  CHECK(wire.find(wire.image(), Credential::anonymous(), 500ms).error().kind == ErrorKind::timed_out);
}

TEST_CASE("sockets: one that hangs does not delay another registry's images") {
  Wire slow;
  ScriptedServer quick(tls());
  slow.server.set_reactor([](const RecordedRequest&) -> Script { return {test::hang()}; });
  quick.set_handler([](const std::string&) { return head_answer(sha256('b')); });
  Answers answers(21);
  for (std::size_t i = 0; i < 20; ++i) {
    auto task = store(slow.lookup->find(image::Reference::parse(slow.image(std::to_string(i))).value(),
                                        Credential::anonymous(), slow.clock.now() + 600ms),
                      &answers[i]);
    net::asio::co_spawn(slow.io, std::move(task), [](std::exception_ptr) {});
  }
  const auto image = "registry.test:" + std::to_string(quick.port()) + "/app:1";
  const auto started = slow.clock.now();
  CHECK(slow.find(image)->str() == sha256('b'));
  CHECK(slow.clock.now() - started < 500ms);
}

TEST_CASE("sockets: errors echo nothing that the peer or the credential contains") {
  Wire wire;
  wire.server.set_reactor([](const RecordedRequest& request) -> Script {
    return {test::send(answer(403, R"({"errors":[{"code":"DENIED","message":")" +
                                       std::string(request.field("Authorization").value_or("")) +
                                       R"( s3cret-password"}]})"))};
  });
  const auto error = wire.find(wire.image(), basic()).error();
  CHECK(error.kind == ErrorKind::forbidden);
  for (const auto& text : {error.message, error.detail, wire.log.text()}) {
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(text.find("Basic ") == std::string::npos);
  }
}

TEST_CASE("sockets: a listed registry without TLS is found by plain http, credentials included") {
  Wire wire(std::nullopt);
  wire.server.set_reactor([](const RecordedRequest& request) -> Script {
    const bool known = request.field("Authorization").value_or("").starts_with("Basic ");
    return {
        test::send(known ? head_answer(kDigest) : answer(401, "", {{"WWW-Authenticate", "Basic realm=x"}}))};
  });
  CHECK(wire.find(wire.image(), basic())->str() == kDigest);
  const auto started = wire.clock.now();
  CHECK(wire.find(wire.image(), basic())->str() == kDigest);
  CHECK(wire.clock.now() - started < 200ms);  // remembered: TLS is not tried again
  CHECK(wire.methods() == Methods{"HEAD", "HEAD"});
}

TEST_CASE("sockets: a registry on loopback that nobody listed is not asked") {
  registry::RegistrySettings settings;
  settings.insecure = registry::HostList::parse({"elsewhere.test"}).value();
  Wire wire(tls(), settings);
  wire.serve(head_answer(kDigest));
  const auto error = wire.find(wire.image()).error();
  CHECK(error.kind == ErrorKind::forbidden);
  CHECK(error.message.find("127.0.0.1") == std::string::npos);
  CHECK(wire.server.connection_count() == 0);
}

TEST_CASE("sockets: a redirect leads on, without Authorization, and is checked against the address rules") {
  Wire wire;
  ScriptedServer store(tls());
  store.set_handler([](const std::string&) { return head_answer(kDigest); });
  const auto where = "https://registry.test:" + std::to_string(store.port()) + "/blob";
  wire.serve(answer(307, "", {{"Location", where}}));
  CHECK(wire.find(wire.image(), basic())->str() == kDigest);
  CHECK_FALSE(store.requests().at(0).field("Authorization"));

  // The same place under a name that is not the registry's.
  wire.serve(answer(307, "", {{"Location", "https://127.0.0.1:" + std::to_string(store.port()) + "/blob"}}));
  CHECK(wire.find(wire.image()).error().kind == ErrorKind::forbidden);
  CHECK(store.request_count() == 1);
}

TEST_CASE("sockets, connaisseur 583: random delays and resets, and every digest is its own") {
  registry::RegistrySettings settings;
  settings.concurrency = 4;
  settings.attempts = 10;
  settings.requests = 30;
  settings.breaker.failures = 1'000'000;
  Wire wire(std::nullopt, [&] {
    settings.insecure = registry::HostList::parse({"http://registry.test"}).value();
    return settings;
  }());
  auto random = std::make_shared<std::minstd_rand>(7);
  wire.server.set_reactor([random](const RecordedRequest& request) -> Script {
    const auto target = request.target();
    const auto tag = target.substr(target.rfind('/') + 1);
    const auto reply = head_answer("sha256:" + tag + std::string(60, '0'));
    switch ((*random)() % 8) {
      case 0:
        return {test::reset()};
      case 1:
        return {test::delay(3ms), test::send(reply), test::close()};
      case 2:
        return {test::send(reply + head_answer(sha256('6')))};
      case 3:
        return {test::send(reply.substr(0, 40)), test::reset()};
      default:
        return {test::delay(1ms), test::send(reply)};
    }
  });
  Answers answers(300);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto tag = std::to_string(1000 + i % 100);
    auto task = store(wire.lookup->find(image::Reference::parse(wire.image(tag)).value(),
                                        Credential::anonymous(), wire.clock.now() + 20s),
                      &answers[i]);
    net::asio::co_spawn(wire.io, std::move(task), [](std::exception_ptr) {});
  }
  for (int round = 0; round < 2000; ++round) {
    wire.io.restart();
    wire.io.run_for(10ms);
    if (std::all_of(answers.begin(), answers.end(), [](const auto& each) { return each.has_value(); })) break;
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    REQUIRE(answers[i]);
    if (!*answers[i]) continue;  // an answer cut in the middle is an error, never a digest
    CHECK((*answers[i])->hex().substr(0, 4) == std::to_string(1000 + i % 100));
    ++right;
  }
  CHECK(right > 200);
}
