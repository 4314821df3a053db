// What one repository's trouble is to others at the same registry.
#include <catch2/catch.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "registry/client/breaker.hpp"
#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

std::string named(const std::string& path) {
  return "registry.example.com/" + path + ":1";
}
std::string head(const std::string& path) {
  return "HEAD https://registry.example.com/v2/" + path + "/manifests/1";
}
std::string project(int number) {
  return "p" + std::to_string(number) + "/app";
}

// No answer for 5 s.
void hang(World& world, const std::string& path) {
  world.http.on(head(path), [&world](const net::Request&) {
    world.clock.advance(5s);
    Error error;
    error.kind = ErrorKind::timed_out;
    error.message = "no answer in time";
    error.settled = true;
    return Result<net::Response>(fail(std::move(error)));
  });
}

// All that can go on without time passing does.
void settle(net::asio::io_context& io) {
  io.restart();
  while (io.poll() != 0) {
  }
}

}  // namespace

TEST_CASE("a 429 for one repository holds up no other, from the second on it is the registry's") {
  const auto later =
      GENERATE(response(429, {{"Retry-After", "600"}}), response(503, {{"Retry-After", "600"}}));
  World world;
  for (int i = 0; i < 20; ++i)
    world.http.on(head(project(i)), later);
  world.http.on(head("app"), found(sha256('a')));
  CHECK_FALSE(world.find(named(project(0))));
  CHECK(world.find(named("app")));
  CHECK_FALSE(world.find(named(project(1))));
  CHECK(world.find(named("app")));  // the answer in between says that it is not the registry's

  CHECK_FALSE(world.find(named(project(2))));
  CHECK_FALSE(world.find(named(project(3))));
  const auto asked = world.http.requests.size();
  CHECK_FALSE(world.find(named("app")));
  for (int i = 0; i < 20; ++i)
    CHECK_FALSE(world.find(named(project(i))));
  CHECK(world.http.requests.size() == asked);
  world.clock.advance(601s);
  CHECK(world.find(named("app")));
}

TEST_CASE("who queued for a registry that then says 429 does not ask it") {
  registry::RegistrySettings settings;
  settings.concurrency = 2;
  World world(settings);
  std::vector<std::string> images;
  for (int i = 0; i < 20; ++i) {
    images.push_back(named(project(i)));
    world.http.on(head(project(i)), response(429, {{"Retry-After", "600"}}));
  }
  for (const auto& answer : world.find_all(images))
    CHECK(answer.error().kind == ErrorKind::rate_limited);
  CHECK(world.http.requests.size() <= 4);
}

TEST_CASE("a repository that hangs is left alone after some time-outs, its registry is not") {
  World world;
  hang(world, "app");
  world.http.on(head("other"), found(sha256('b')));
  for (int i = 0; i < 6; ++i)
    CHECK(world.find(named("app")).error().kind == ErrorKind::timed_out);
  const auto error = world.find(named("app")).error();
  CHECK(error.message.find("this repository failed several times just now") != std::string::npos);
  CHECK(world.find(named("other")));
}

TEST_CASE("time-outs of several repositories open the registry's circuit") {
  World world;
  for (int i = 0; i < 6; ++i) {
    hang(world, project(i));
    CHECK_FALSE(world.find(named(project(i))));
  }
  const auto error = world.find(named("other")).error();
  CHECK(error.message.find("reaching it failed several times just now") != std::string::npos);
}

TEST_CASE("failures that began before a registry's last answer do not open its circuit") {
  test::ManualClock clock;
  const registry::BreakerSettings settings;
  registry::Breakers breakers(clock, settings, 8);
  const bool answers = GENERATE(false, true);
  std::vector<registry::Breakers::Pass> hanging;
  for (unsigned i = 0; i < settings.failures; ++i)
    hanging.push_back(breakers.enter("host").value());
  clock.advance(1s);
  if (answers) breakers.enter("host")->succeeded();
  for (auto& pass : hanging)
    pass.failed("no answer in time");
  CHECK(breakers.enter("host").has_value() == answers);
}

TEST_CASE("a repository that hangs, its look-ups cut short to make room, is left alone as well") {
  World world;
  world.http.on(head("app"), found(sha256('a')));
  world.http.on(head("other"), found(sha256('b')));
  world.http.hold(kRegistry);
  std::vector<std::unique_ptr<net::asio::cancellation_signal>> signals;
  Answers answers(6);
  for (auto& answer : answers) {
    auto task = store(world.start(named("app"), Credential::anonymous(), 10s), &answer);
    signals.push_back(std::make_unique<net::asio::cancellation_signal>());
    net::asio::co_spawn(world.io, std::move(task),
                        net::asio::bind_cancellation_slot(signals.back()->slot(), [](std::exception_ptr) {}));
  }
  settle(world.io);
  world.clock.advance(5s);
  for (auto& signal : signals)
    signal->emit(net::asio::cancellation_type::terminal);
  settle(world.io);
  world.http.release(kRegistry);
  const auto left_alone = world.find(named("app"));
  REQUIRE_FALSE(left_alone);
  CHECK(left_alone.error().message.find(
            "this repository failed several times just now (no answer in time)") != std::string::npos);
  CHECK(world.find(named("other")));
}
