// Calls to the Kubernetes API: what is sent, what is repeated, and what is not.
#include "kube/api_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "kube/fixture.hpp"
#include "support/scripted_server.hpp"

using namespace digester;
using namespace digester::test;

namespace {

const std::string kPath = "/api/v1/namespaces/x/secrets/y";
const std::string kGet = "GET " + kApi + kPath;

std::optional<std::string_view> authorization(const net::Request& request) {
  return request.headers.get("Authorization");
}

}  // namespace

TEST_CASE("a GET brings status and body, and says who we are") {
  FakeApi api;
  api.http.on(kGet, response(200, {}, R"({"kind":"Secret"})"));
  const auto answer = api.get(kPath + "?fieldManager=z");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == R"({"kind":"Secret"})");
  const auto& request = api.http.requests.at(0);
  CHECK(request.url.target == kPath + "?fieldManager=z");
  CHECK(authorization(request) == "Bearer s3cret-token");
  CHECK(request.headers.get("Accept") == "application/json");
  CHECK(request.addresses == net::AddressPolicy{true, true, false, true});
  CHECK(request.body_limit == 16 * 1024 * 1024);
  CHECK(request.deadline - api.clock.now() == 5s);
  CHECK(api.log.text().find("s3cret") == std::string::npos);
}

TEST_CASE("an answer says what time it was at the server, if the server did") {
  FakeApi api;
  api.http.on(kGet, response(200, {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}, "{}"));
  CHECK(api.get(kPath)->date == WallTime(784111777s));
  api.http.on(kGet, response(200, {}, "{}"));
  CHECK_FALSE(api.get(kPath)->date);
  api.http.on(kGet, response(200, {{"Date", "tomorrow"}}, "{}"));
  CHECK_FALSE(api.get(kPath)->date);
}

TEST_CASE("bodies go out with their type, and a server may have a path of its own") {
  FakeApi api(api_config(kApi + "/k8s/clusters/c/"));
  const auto what = kApi + "/k8s/clusters/c" + kPath;
  for (const auto* method : {"PUT ", "POST ", "PATCH ", "DELETE "})
    api.http.on(method + what, response(200, {}, "{}"));
  REQUIRE(run_task(api.io, [&] { return api.client->put(kPath, "{1}"); }));
  REQUIRE(run_task(api.io, [&] { return api.client->post(kPath, "{2}"); }));
  REQUIRE(run_task(api.io, [&] { return api.client->patch(kPath, "{3}", "application/merge-patch+json"); }));
  REQUIRE(run_task(api.io, [&] { return api.client->remove(kPath); }));
  const auto& requests = api.http.requests;
  CHECK(requests.at(0).body == "{1}");
  CHECK(requests.at(0).headers.get("Content-Type") == "application/json");
  CHECK(requests.at(1).body == "{2}");
  CHECK(requests.at(2).headers.get("Content-Type") == "application/merge-patch+json");
  CHECK(requests.at(3).body.empty());
  CHECK_FALSE(requests.at(3).headers.get("Content-Type"));
}

TEST_CASE("errors that nothing but a person can change are not asked about again") {
  FakeApi api;
  for (const unsigned status : {400U, 401U, 403U, 404U, 409U, 410U, 422U}) {
    INFO(status);
    api.http.on(kGet, response(status, {}, status_body(status, "no")));
    const auto before = api.http.requests.size();
    REQUIRE_FALSE(api.get(kPath));
    CHECK(api.http.requests.size() == before + 1);
  }
  CHECK(api.slept.empty());
  CHECK(api.get("no-slash").error().kind == ErrorKind::invalid);
}

TEST_CASE("429 is honoured, within the limit, at most three times, for every method") {
  FakeApi api;
  kube::ApiRequest request;
  request.method = net::Method::put;
  request.path = kPath;
  request.limit = 60s;
  const auto busy = response(429, {{"Retry-After", "2"}}, status_body(429, "busy"));
  SECTION("and then it works") {
    api.http.on("PUT " + kApi + kPath, {busy, busy, response(200)});
    CHECK(api.call(request));
    REQUIRE(api.slept.size() == 2);
    CHECK(api.slept[0] > 2s);
    CHECK(api.slept[0] < 3s);
  }
  SECTION("or does not") {
    api.http.on("PUT " + kApi + kPath, busy);
    const auto answer = api.call(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::rate_limited);
    CHECK(answer.error().retry_after == 2s);
    CHECK(api.http.requests.size() == 4);
  }
  SECTION("or there is no time for that") {
    request.limit = 1s;
    api.http.on("PUT " + kApi + kPath, busy);
    CHECK(api.call(request).error().kind == ErrorKind::rate_limited);
    CHECK(api.slept.empty());
  }
}

TEST_CASE("5xx and no connection are asked about again for a GET, and for nothing else") {
  FakeApi api;
  const std::string put = "PUT " + kApi + kPath;
  const Error down{ErrorKind::unreachable, "cannot connect"};
  SECTION("in the end it works") {
    api.http.on(kGet, {response(500), fail(down), response(503), response(200, {}, "ok")});
    CHECK(api.get(kPath)->body == "ok");
    REQUIRE(api.slept.size() == 3);
    CHECK(api.slept[0] < api.slept[1]);
    CHECK(api.slept[1] < api.slept[2]);
  }
  SECTION("in the end it does not") {
    api.http.on(kGet, response(503));
    CHECK(api.get(kPath).error().kind == ErrorKind::unavailable);
    CHECK(api.http.requests.size() == 4);
  }
  SECTION("a write") {
    api.http.on(put, response(500));
    CHECK(run_task(api.io, [&] { return api.client->put(kPath, "{}"); }).error().kind ==
          ErrorKind::unavailable);
    api.http.on(put, down);
    CHECK(run_task(api.io, [&] { return api.client->put(kPath, "{}"); }).error().kind ==
          ErrorKind::unreachable);
    CHECK(api.http.requests.size() == 2);
  }
  SECTION("what took too long is not begun again") {
    api.http.on(kGet, response(200));
    api.http.set_latency(kApi, 6s);
    CHECK(api.get(kPath).error().kind == ErrorKind::timed_out);
    CHECK(api.http.requests.size() == 1);
  }
}

TEST_CASE("so many calls at a time, the others as they came, and a stream whatever the calls do") {
  kube::ApiOptions options;
  options.calls = 2;
  FakeApi api(api_config(), options);
  std::string done;
  const auto start = [&](const std::string& name, Duration limit) {
    api.http.on("GET " + kApi + "/" + name, response(200, {}, "{}"));
    kube::ApiRequest request;
    request.path = "/" + name;
    request.limit = limit;
    net::asio::co_spawn(api.io, api.client->call(std::move(request)),
                        [&, name](std::exception_ptr, auto answer) {
                          done += answer ? name : "!" + name + std::string(to_string(answer.error().kind));
                        });
  };
  api.http.hold(kApi);
  for (const auto* name : {"a", "b", "c"})
    start(name, 1h);
  start("d", 50ms);
  start("e", 1h);
  api.io.run_for(1s);
  CHECK(done == "!dtimed_out");
  CHECK(api.http.in_flight == 2);
  api.http.on("GET " + kApi + "/watch", response(200, {}, "{}"));
  kube::ApiStream watch;
  watch.path = "/watch";
  watch.limit = 1h;
  net::asio::co_spawn(api.io, api.client->stream(std::move(watch), [](std::string_view) { return true; }),
                      [](std::exception_ptr, auto) {});
  api.io.restart();
  api.io.run_for(50ms);
  CHECK(api.http.in_flight == 3);
  api.http.release(kApi);
  api.io.restart();
  api.io.run_for(1s);
  CHECK(done == "!dtimed_outabce");
  CHECK(api.http.most_in_flight == 3);
}

TEST_CASE("who gives up while waiting for a turn leaves it to the next") {
  kube::ApiOptions options;
  options.calls = 1;
  FakeApi api(api_config(), options);
  api.http.on(kGet, response(200, {}, "{}"));
  api.http.hold(kApi);
  net::asio::cancellation_signal holder;
  net::asio::cancellation_signal waiter;
  int done = 0;
  net::asio::co_spawn(api.io, api.client->get(kPath),
                      net::asio::bind_cancellation_slot(holder.slot(), [](std::exception_ptr, auto) {}));
  net::asio::co_spawn(api.io, api.client->get(kPath),
                      net::asio::bind_cancellation_slot(waiter.slot(), [](std::exception_ptr, auto) {}));
  net::asio::co_spawn(api.io, api.client->get(kPath), [&](std::exception_ptr, auto answer) {
    if (answer) ++done;
  });
  api.io.run_for(50ms);
  waiter.emit(net::asio::cancellation_type::terminal);
  holder.emit(net::asio::cancellation_type::terminal);
  api.io.restart();
  api.io.run_for(50ms);
  api.http.release(kApi);
  api.io.restart();
  api.io.run_for(1s);
  CHECK(done == 1);
}

TEST_CASE("a call may take less of an answer than the others, and not more") {
  FakeApi api;
  api.http.on(kGet, response(200, {}, std::string(1001, ' ')));
  kube::ApiRequest request;
  request.path = kPath;
  request.body_limit = 1000;
  CHECK(api.call(request).error().kind == ErrorKind::too_large);
  request.body_limit = 1u << 30;
  CHECK(api.call(request));
  CHECK(api.http.requests.back().body_limit == kube::ApiOptions().body_limit);
}

TEST_CASE("over a real connection: TLS by the config, a large answer, a stream, and being given up") {
  const TestCa ca;
  const TestCa clients;
  const auto ours = clients.issue();
  ScriptedServer server(
      ServerTls{.certificate = ca.issue({.dns_names = {"kubernetes.default.svc"}, .addresses = {}}),
                .client_ca_pem = clients.certificate_pem()});
  auto config = api_config("https://127.0.0.1:" + std::to_string(server.port()));
  config.ca_pem = ca.certificate_pem();
  config.server_name = "kubernetes.default.svc";
  config.client_certificate_pem = ours.certificate_pem;
  config.client_key_pem = ours.key_pem;
  const SystemClock clock;
  const CaptureLog log;
  net::asio::io_context io(1);
  auto api = kube::create_api_client(io, config, clock, log.logger());

  SECTION("a large answer") {
    const std::string body(3'000'000, ' ');
    server.set_handler([&](const std::string&) { return answer(200, body); });
    CHECK((run_task(io, [&] { return api->get(kPath); })->body == body));
    CHECK(server.requests().at(0).field("user-agent") == "digester");
  }
  SECTION("an answer over the limit") {
    server.set_handler(
        [&](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n"; });
    CHECK(run_task(io, [&] { return api->get(kPath); }).error().kind == ErrorKind::too_large);
  }
  SECTION("an API server of another authority: the error says where a kubeconfig names that") {
    config.ca_pem = clients.certificate_pem();
    const auto other = kube::create_api_client(io, config, clock, log.logger());
    const auto error = run_task(io, [&] { return other->get(kPath); }).error();
    CHECK(error.message.find("(add that CA to the kubeconfig's certificate-authority-data)") !=
          std::string::npos);
  }
  SECTION("no API server there: the error speaks of that, and of no registry") {
    config.server.port = 1;
    kube::ApiOptions options;
    options.retries = 0;
    const auto other = kube::create_api_client(io, config, clock, log.logger(), options);
    const auto error = run_task(io, [&] { return other->get(kPath); }).error();
    CHECK(error.message.find("is the API server up?") != std::string::npos);
  }
  SECTION("a stream") {
    server.set_handler([&](const std::string&) { return answer(200, "one\ntwo\n"); });
    std::string seen;
    kube::ApiStream request{kPath, 5s, 1s};
    net::HttpClient::OnBody on_body = [&](std::string_view piece) {
      seen += piece;
      return true;
    };
    CHECK(run_task(io, [&] { return api->stream(request, on_body); }));
    CHECK(seen == "one\ntwo\n");
  }
  SECTION("given up, with the client gone before the call has ended") {
    server.set_reactor([](const RecordedRequest&) -> Script { return {hang()}; });
    net::asio::cancellation_signal signal;
    bool ended = false;
    auto task = api->get(kPath);
    net::asio::co_spawn(
        io, std::move(task),
        net::asio::bind_cancellation_slot(
            signal.slot(), [&](std::exception_ptr, Result<kube::ApiAnswer>) { ended = true; }));
    net::Timer timer(io.get_executor(), 50ms);
    timer.async_wait([&](boost::system::error_code) {
      signal.emit(net::asio::cancellation_type::terminal);
      api.reset();
    });
    io.run();
    CHECK(ended);
  }
}

namespace {

// A plugin whose second certificate is the one that the server knows.
class CertificateSource final : public kube::CredentialSource {
 public:
  net::Task<Result<kube::ApiCredential>> credential(bool refused) override {
    if (refused) current = known;
    co_return current;
  }
  kube::ApiCredential current;
  kube::ApiCredential known;
};

}  // namespace

TEST_CASE("a client certificate that a plugin gives is shown, and a new one after a 401") {
  const TestCa ca;
  const TestCa clients;
  const auto old = clients.issue();
  const auto fresh = clients.issue();
  ScriptedServer server(ServerTls{.certificate = ca.issue(), .client_ca_pem = clients.certificate_pem()});
  // As an API server does with a certificate that is over: 401, on the first connection.
  server.set_reactor([](const RecordedRequest& request) -> Script {
    return {send(request.connection == 0 ? answer(401) : answer(200))};
  });
  auto source = std::make_shared<CertificateSource>();
  source->current = {{}, old.certificate_pem, old.key_pem};
  source->known = {{}, fresh.certificate_pem, fresh.key_pem};
  auto config = api_config("https://127.0.0.1:" + std::to_string(server.port()));
  config.ca_pem = ca.certificate_pem();
  config.token.clear();
  config.credential_source = source;
  const SystemClock clock;
  const CaptureLog log;
  net::asio::io_context io(1);
  auto api = kube::create_api_client(io, config, clock, log.logger());

  CHECK(run_task(io, [&] { return api->get(kPath); }));
  CHECK(server.requests().size() == 2);
  CHECK_FALSE(server.requests().at(1).field("authorization"));
  CHECK(run_task(io, [&] { return api->get(kPath); }));
  CHECK(server.connection_count() == 2);

  source->current = {{}, old.certificate_pem, fresh.key_pem};
  CHECK(run_task(io, [&] { return api->get(kPath); }).error().kind == ErrorKind::unauthorized);
}
