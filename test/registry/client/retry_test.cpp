// Repetitions, Retry-After, circuit breakers, permits and the budget of one look-up.
#include <catch2/catch.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kHead = "HEAD " + kManifest;
const std::string kGet = "GET " + kManifest;
const std::string kImage = "registry.example.com/app:1";
const std::string kOtherImage = "registry.example.com/other:1";
const std::string kOtherHead = "HEAD https://registry.example.com/v2/other/manifests/1";

using Names = std::vector<std::string>;

Error broken(ErrorKind kind) {
  Error error;
  error.kind = kind;
  error.message = "registry.example.com is not reachable";
  return error;
}

}  // namespace

TEST_CASE("408, 429, 5xx and connections that fail are tried again, three times in all") {
  for (const unsigned status : {408U, 429U, 500U, 502U, 503U, 504U}) {
    World world;
    world.http.on(kHead, {response(status), response(status), found(sha256('a'))});
    CHECK(world.find(kImage));
    CHECK(world.http.requests.size() == 3);
  }
  for (const auto kind : {ErrorKind::unreachable, ErrorKind::timed_out}) {
    World world;
    world.http.on(kHead, {fail(broken(kind)), found(sha256('a'))});
    CHECK(world.find(kImage));
    world.http.on(kHead, broken(kind));
    world.http.requests.clear();
    CHECK(world.find(kImage).error().kind == kind);
    CHECK(world.http.requests.size() == 3);
  }
}

TEST_CASE("why a registry cannot be asked is in the log, where the asker may not read it") {
  World world;
  auto hidden = broken(ErrorKind::unreachable);
  hidden.detail = "no TLS session with registry.example.com: its certificate is for another name";
  world.http.on(kHead, hidden);
  const auto answer = world.find(kImage);
  CHECK(answer.error().message.find("certificate") == std::string::npos);
  CHECK(world.log.text().find("its certificate is for another name") != std::string::npos);
}

TEST_CASE("what cannot pass is not tried again") {
  for (const auto kind :
       {ErrorKind::forbidden, ErrorKind::too_large, ErrorKind::protocol, ErrorKind::unsupported}) {
    World world;
    world.http.on(kHead, broken(kind));
    CHECK(world.find(kImage).error().kind == kind);
    CHECK(world.http.requests.size() == 1);
  }
}

TEST_CASE("what may pass in general, but not at once, is not tried again either") {
  World world;
  auto error = broken(ErrorKind::unreachable);
  error.settled = true;
  world.http.on(kHead, error);
  CHECK(world.find(kImage).error().kind == ErrorKind::unreachable);
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("the waits double and are jittered down to half") {
  World world;
  world.http.on(kHead, response(500));
  CHECK_FALSE(world.find(kImage));
  CHECK(world.sleeps == std::vector<Duration>{75ms, 150ms});
  world.sleeps.clear();
  world.chance = 0.999999;
  world.clock.advance(1h);
  CHECK_FALSE(world.find(kImage));
  REQUIRE(world.sleeps.size() == 2);
  CHECK(world.sleeps[0] > 149ms);
  CHECK(world.sleeps[1] > 299ms);
}

TEST_CASE("no wait goes beyond the deadline") {
  World world;
  world.http.on(kHead, response(500));
  CHECK_FALSE(world.find(kImage, Credential::anonymous(), 100ms));
  CHECK(world.sleeps == std::vector<Duration>{75ms});
  CHECK(world.http.requests.size() == 2);
}

TEST_CASE("Retry-After within the deadline is waited for") {
  World world;
  world.http.on(kHead, {response(429, {{"Retry-After", "3"}}), found(sha256('a'))});
  CHECK(world.find(kImage));
  CHECK(world.sleeps == std::vector<Duration>{3s});
}

TEST_CASE("ghcr.io's odd durations are waited for, in header and in body") {
  World world;
  world.http.on(kHead, {response(429, {{"Retry-After", "1200.5ms"}}), found(sha256('a'))});
  CHECK(world.find(kImage));
  CHECK(world.sleeps == std::vector<Duration>{1200500us});
  world.sleeps.clear();
  world.http.on(kHead, response(405));
  world.http.on(
      kGet, {response(429, {},
                      R"({"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 2.5s, allowed: 1"}]})"),
             body(kImageBody)});
  CHECK(world.find(kImage));
  CHECK(world.sleeps == std::vector<Duration>{2500ms});
}

TEST_CASE("a Retry-After beyond the deadline fails now and is remembered for this registry and credential") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request).empty() ? response(429, {{"Retry-After", "120"}})
                                                                : found(sha256('a')));
  });
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::rate_limited);
  CHECK(error.retry_after == 120s);
  CHECK(world.sleeps.empty());
  CHECK(world.http.requests.size() == 1);

  world.clock.advance(60s);
  const auto again = world.find(kImage).error();
  CHECK(again.kind == ErrorKind::rate_limited);
  CHECK(again.retry_after == 60s);
  CHECK(again.message.find("too many requests; it asked to be left alone for another 60 s") !=
        std::string::npos);
  CHECK(world.http.requests.size() == 1);
  // One tenant's quota is nothing to another, and nothing to other registries.
  CHECK(world.find(kImage, basic()));
  world.http.on("HEAD https://other.example.com/v2/app/manifests/1", found(sha256('b')));
  CHECK(world.find("other.example.com/app:1"));

  world.http.on(kHead, found(sha256('a')));
  world.clock.advance(61s);
  CHECK(world.find(kImage));
}

TEST_CASE(
    "a remembered Retry-After is at most fifteen minutes, whatever the peer says, and released with jitter") {
  World world;
  world.chance = 0.5;
  world.http.on(kHead, response(429, {{"Retry-After", "1800000000"}}));
  CHECK_FALSE(world.find(kImage));
  world.http.on(kHead, found(sha256('a')));
  world.clock.advance(15min);
  CHECK_FALSE(world.find(kImage));
  world.clock.advance(46s);
  CHECK(world.find(kImage));
}

TEST_CASE("an unreadable Retry-After means our own back-off, and a short pause afterwards") {
  World world;
  world.http.on(kHead, response(429, {{"Retry-After", "in a while"}}));
  CHECK(world.find(kImage).error().kind == ErrorKind::rate_limited);
  CHECK(world.sleeps == std::vector<Duration>{75ms, 150ms});
  CHECK(world.find(kImage).error().kind == ErrorKind::rate_limited);
  CHECK(world.http.requests.size() == 3);
  world.http.on(kHead, found(sha256('a')));
  world.clock.advance(2s);
  CHECK(world.find(kImage));
}

TEST_CASE("a 503 with Retry-After is remembered as unavailable") {
  World world;
  world.http.on(kHead, response(503, {{"Retry-After", "60"}}));
  CHECK(world.find(kImage).error().kind == ErrorKind::unavailable);
  CHECK(world.find(kImage).error().kind == ErrorKind::unavailable);
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("GGCR 2264: the error's body is readable after the last attempt") {
  World world;
  world.http.on(kHead, response(404));
  world.http.on(kGet, response(500, {}, R"({"errors":[{"code":"UNAVAILABLE"}]})"));
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(error.detail.find("UNAVAILABLE") != std::string::npos);
  CHECK(world.http.count(kGet) == 3);
}

TEST_CASE("GGCR 2296, 2328: an answer over a limit is an error, not a truncation") {
  World world;
  world.http.on(kHead, response(404));
  world.http.on(
      kGet,
      response(404, {}, R"({"errors":[{"code":"DENIED"}],"pad":")" + std::string(70 * 1024, 'x') + "\"}"));
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::not_found);
  CHECK(error.detail.find("DENIED") == std::string::npos);  // over 64 KiB it is not read at all
}

TEST_CASE("a look-up makes eleven requests at most") {
  World world;
  // Redirects, repetitions and a GET: without a budget this would be 3 × 5 and more.
  for (int i = 0; i < 4; ++i) {
    const auto from = i == 0 ? kManifest : "https://store.example.net/" + std::to_string(i);
    world.http.on("HEAD " + from, moved("https://store.example.net/" + std::to_string(i + 1)));
  }
  world.http.on("HEAD https://store.example.net/4", response(503));
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(world.http.requests.size() == 11);
}

TEST_CASE("tokens count against the budget of the look-up that fetches them") {
  World world;
  world.http.on(kHead, {bearer(), response(503), response(503), response(503)});
  world.http.on("GET " + kAuth, {response(500), response(500), token("t")});
  CHECK_FALSE(world.find(kImage));
  CHECK(world.http.requests.size() == 1 + 3 + 3);
  CHECK(world.http.requests.size() <= 11);
}

TEST_CASE("a registry that cannot be reached is left alone after some failures, then asked by one probe") {
  World world;
  world.http.on(kHead, broken(ErrorKind::unreachable));
  CHECK(world.find(kImage).error().kind == ErrorKind::unreachable);
  CHECK(world.find(kImage).error().kind == ErrorKind::unreachable);
  CHECK(world.http.requests.size() == 6);
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(error.message.find("(registry.example.com is not reachable); next attempt in 5 s") !=
        std::string::npos);
  CHECK(world.http.requests.size() == 6);

  // Another registry is not concerned.
  world.http.on("HEAD https://other.example.com/v2/app/manifests/1", found(sha256('b')));
  CHECK(world.find("other.example.com/app:1"));

  world.http.requests.clear();
  world.clock.advance(5s);
  CHECK_FALSE(world.find(kImage));
  CHECK(world.http.requests.size() == 1);  // one probe
  world.clock.advance(9s);
  CHECK_FALSE(world.find(kImage));
  CHECK(world.http.requests.size() == 1);  // twice as long now
  world.clock.advance(1s);
  world.http.on(kHead, found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.find(kImage));
  CHECK(world.http.requests.size() == 3);
}

TEST_CASE("half open, one probe goes and all others are turned away") {
  World world;
  world.http.on(kHead, broken(ErrorKind::unreachable));
  CHECK_FALSE(world.find(kImage));
  CHECK_FALSE(world.find(kImage));
  world.clock.advance(5s);
  world.http.requests.clear();
  world.http.on(kHead, found(sha256('a')));
  world.http.hold(kRegistry);
  Answers answers(5);
  world.start_all({kImage, kImage, kImage, kImage, kImage}, Credential::anonymous(), answers);
  world.io.restart();
  world.io.run_for(20ms);
  CHECK(world.http.requests.size() == 1);
  world.http.release(kRegistry);
  world.io.run();
  CHECK(std::count_if(answers.begin(), answers.end(),
                      [](const auto& answer) { return answer->has_value(); }) == 1);
  CHECK(world.find(kImage));
}

TEST_CASE("4xx never opens a circuit, 5xx only that of the repository") {
  World world;
  world.http.on(kHead, response(404));
  world.http.on(kGet, response(404));
  for (int i = 0; i < 20; ++i)
    CHECK(world.find(kImage).error().kind == ErrorKind::not_found);

  world.http.on(kHead, response(500));
  for (int i = 0; i < 2; ++i)
    CHECK(world.find(kImage).error().kind == ErrorKind::unavailable);
  world.http.requests.clear();
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(error.message.find("this repository failed several times just now (status 500)") !=
        std::string::npos);
  CHECK(world.http.requests.empty());
  world.http.on(kOtherHead, found(sha256('b')));
  CHECK(world.find(kOtherImage));
}

TEST_CASE("a caller in a hurry does not open the circuit") {
  World world;
  world.http.on(kHead, found(sha256('a')));
  world.http.set_latency(kRegistry, 500ms);
  for (int i = 0; i < 20; ++i)
    CHECK(world.find(kImage, Credential::anonymous(), 50ms).error().kind == ErrorKind::timed_out);
  CHECK(world.find(kImage));
}

TEST_CASE("one host is asked by so many at a time, others are not held up by it") {
  registry::RegistrySettings settings;
  settings.concurrency = 4;
  World world(settings);
  std::vector<std::string> images;
  for (int i = 0; i < 12; ++i) {
    images.push_back("registry.example.com/app:" + std::to_string(i));
    world.http.on("HEAD https://registry.example.com/v2/app/manifests/" + std::to_string(i),
                  found(sha256('a')));
  }
  world.http.on("HEAD https://other.example.com/v2/app/manifests/1", found(sha256('b')));
  Answers answers(12);
  world.http.hold(kRegistry);
  world.start_all(images, Credential::anonymous(), answers);
  world.io.restart();
  world.io.run_for(20ms);
  CHECK(world.http.in_flight == 4);
  CHECK(world.find("other.example.com/app:1"));
  world.http.release(kRegistry);
  world.io.restart();
  world.io.run();
  for (const auto& answer : answers)
    CHECK(answer->has_value());
  CHECK(world.http.most_in_flight == 5);
}

TEST_CASE("no permit is held while waiting for a token from the same host") {
  registry::RegistrySettings settings;
  settings.concurrency = 1;
  World world(settings);
  const std::string realm = kRegistry + "/token";
  std::vector<std::string> images;
  for (int i = 0; i < 5; ++i) {
    images.push_back("registry.example.com/app:" + std::to_string(i));
    world.http.on(
        "HEAD https://registry.example.com/v2/app/manifests/" + std::to_string(i),
        [=](const net::Request& request) {
          return Result<net::Response>(authorization(request).empty() ? bearer(realm) : found(sha256('a')));
        });
  }
  world.http.on("GET " + realm, token("t"));
  for (const auto& answer : world.find_all(images))
    CHECK(answer);
  CHECK(world.http.most_in_flight == 1);
}

TEST_CASE("look-ups that are cut short give back what they held") {
  registry::RegistrySettings settings;
  settings.concurrency = 1;
  World world(settings);
  world.http.on(kHead, found(sha256('a')));
  world.http.hold(kRegistry);
  {
    net::asio::cancellation_signal first;
    net::asio::cancellation_signal second;
    std::optional<Result<image::Digest>> unused;
    const auto start = [&](net::asio::cancellation_signal& signal) {
      auto task = store(world.start(kImage, Credential::anonymous(), 10s), &unused);
      net::asio::co_spawn(world.io, std::move(task),
                          net::asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    };
    start(first);
    start(second);
    world.io.restart();
    world.io.run_for(10ms);
    second.emit(net::asio::cancellation_type::terminal);  // in the queue
    world.io.run_for(10ms);
    first.emit(net::asio::cancellation_type::terminal);  // in the exchange
    world.io.run_for(10ms);
  }
  world.http.release(kRegistry);
  CHECK(world.http.requests.size() == 1);
  CHECK(world.find(kImage));
}
