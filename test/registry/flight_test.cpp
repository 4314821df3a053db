#include "registry/flight.hpp"

#include <catch2/catch.hpp>

#include "registry/resolver_fixture.hpp"

using namespace digester;
using namespace digester::registry_test;
using namespace std::chrono_literals;
using registry::Freshness;
using Fixture = ResolverFixture;

TEST_CASE("equal references of one batch share a request, and so do batches that arrive together") {
  const auto freshness = GENERATE(Freshness::cached, Freshness::current);
  Fixture f;
  const std::vector<registry::Query> twice(2, Fixture::query("r.io/a:1", freshness));
  const auto pending = f.ask(twice);
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(pending) == "registry 1, registry 1");
  CHECK(f.lookup.calls.size() == 1);
}

TEST_CASE("different images, tags and credentials are different flights") {
  Fixture f;
  f.provider.of_namespace = {{"one", {user("a")}}, {"two", {user("b")}}, {"both", {user("a"), user("b")}}};
  f.ask_cached("r.io/a:1");
  f.ask_cached("r.io/a:2");
  f.ask_cached("r.io/b:1");
  f.ask_cached("s.io/a:1");
  for (const auto* name : {"one", "two", "both"})
    f.ask_cached("r.io/a:1", name);
  CHECK(f.lookup.calls.size() == 7);
}

TEST_CASE("who takes a cached answer joins whatever runs") {
  Fixture f;
  const auto first = f.ask_current("r.io/a:1");
  f.clock.advance(5s);
  const auto second = f.ask_cached("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(first) == "registry 1");
  CHECK(Fixture::show(second) == "registry 1");
  CHECK(f.lookup.calls.size() == 1);
}

TEST_CASE("who needs a current answer never gets one that was asked for before") {
  Fixture f;
  const auto first = f.ask_cached("r.io/a:1");
  f.clock.advance(1ms);
  const auto second = f.ask_current("r.io/a:1");
  f.clock.advance(1ms);
  const auto third = f.ask_current("r.io/a:1");
  CHECK(f.lookup.calls.size() == 1);
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(first) == "registry 1");
  CHECK(Fixture::show(second).empty());
  // Both wait for the next one.
  REQUIRE(f.lookup.calls.size() == 2);
  f.lookup.answer(1, digest('2'));
  f.pump();
  CHECK(Fixture::show(second) == "registry 2");
  CHECK(Fixture::show(third) == "registry 2");
  CHECK(f.lookup.calls.size() == 2);
}

TEST_CASE("who needs a current answer may join what was sent after the question") {
  Fixture f;
  f.provider.needs_fetch = true;
  f.provider.fetch_takes = 1h;
  const auto delayed = f.ask_current("r.io/a:1");
  f.provider.needs_fetch = false;
  f.clock.advance(1ms);
  const auto later = f.ask_current("r.io/a:1");
  REQUIRE(f.lookup.calls.size() == 1);
  f.provider.finish_fetches();
  f.pump();
  CHECK(f.counter("digester_lookup_joined_total") == 1);
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(delayed) == "registry 1");
  CHECK(Fixture::show(later) == "registry 1");
  CHECK(f.lookup.calls.size() == 1);
}

TEST_CASE("a next flight that nobody waits for any more is not sent") {
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.clock.advance(1ms);
  const auto gone = f.ask(Fixture::query("r.io/a:1", Freshness::current), 10ms);
  REQUIRE(f.pump_until([&] { return gone->has_value(); }));
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(f.lookup.calls.size() == 1);
  CHECK(f.metrics.gauge("digester_lookup_flights_active", "").Value() == 0);
}

TEST_CASE("a request that hangs does not hold up the next for long") {
  Fixture f;
  f.settings.slow_after = 20ms;
  const auto first = f.ask_cached("r.io/a:1");
  f.clock.advance(1ms);
  const auto second = f.ask_current("r.io/a:1");
  REQUIRE(f.pump_until([&] { return f.lookup.calls.size() == 2; }));
  f.clock.advance(1ms);
  const auto third = f.ask_current("r.io/a:1");
  f.pump_for(60ms);
  // One beside it, no more.
  CHECK(f.lookup.calls.size() == 2);
  SECTION("the newer answer serves the waiters of both") {
    f.lookup.answer(1, digest('2'));
    f.pump();
    CHECK(Fixture::show(first) == "registry 2");
    CHECK(Fixture::show(second) == "registry 2");
    CHECK(f.lookup.calls[0]->ended);
    CHECK(Fixture::show(third).empty());
    REQUIRE(f.lookup.calls.size() == 3);
    f.lookup.answer(2, digest('3'));
    f.pump();
    CHECK(Fixture::show(third) == "registry 3");
  }
  SECTION("the older answer serves its own, and never replaces the newer") {
    f.lookup.answer(0, digest('1'));
    f.pump();
    CHECK(Fixture::show(first) == "registry 1");
    CHECK(Fixture::show(second).empty());
    f.lookup.answer(1, digest('2'));
    f.pump();
    CHECK(Fixture::show(second) == "registry 2");
    CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache 2");
  }
  SECTION("a failure of the newer one says nothing about the older") {
    f.lookup.answer(1, refusal(ErrorKind::unreachable));
    f.pump();
    CHECK(Fixture::show(second) == "registry unreachable");
    CHECK(Fixture::show(first).empty());
    f.lookup.answer(0, digest('1'));
    f.pump();
    CHECK(Fixture::show(first) == "registry 1");
  }
}

TEST_CASE("a flight ends at its bound whatever the look-up does, and is cut off") {
  Fixture f;
  f.settings.flight_bound = 10ms;
  const auto pending = f.ask_cached("r.io/a:1");
  CHECK(f.lookup.calls[0]->deadline == f.clock.now() + 10ms);
  f.clock.advance(10ms);
  REQUIRE(f.pump_until([&] { return pending->has_value() && f.lookup.calls[0]->ended; }));
  CHECK(Fixture::show(pending) == "registry timed_out");
  CHECK((**pending)[0].digest.error().message == "r.io/a:1: r.io: no answer within 10ms; try again later");
  CHECK(f.lookup.calls.size() == 1);
}

TEST_CASE(
    "a slow flight that nobody waits for ends when its registry has more than it can be asked at a time") {
  Fixture f;
  f.settings.slow_after = 5ms;
  f.settings.look_again = 5ms;
  f.settings.crowd = 1;
  const auto gone = f.ask(Fixture::query("r.io/a:1", Freshness::cached, "team"), 20ms);
  CHECK(f.lookup.calls[0]->tenant == "team");
  SECTION("with others there") {
    const auto waits = f.ask_cached("r.io/b:1");
    REQUIRE(f.pump_until([&] { return f.lookup.calls[0]->ended; }));
    CHECK(gone->has_value());
    f.pump_for(20ms);
    CHECK_FALSE(f.lookup.calls[1]->ended);
    f.lookup.answer(1, digest('1'));
    f.pump();
    CHECK(Fixture::show(waits) == "registry 1");
  }
  SECTION("not alone, and not for another registry's sake") {
    const auto elsewhere = f.ask_cached("other.io/b:1");
    REQUIRE(f.pump_until([&] { return gone->has_value(); }));
    f.pump_for(20ms);
    CHECK_FALSE(f.lookup.calls[0]->ended);
    f.lookup.answer(0, digest('1'));
    f.pump();
    CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache 1");
  }
}

TEST_CASE("who joined late and gets only a time-out may start one more") {
  Fixture f;
  const auto early = f.ask_cached("r.io/a:1");
  f.clock.advance(6s);
  const auto late = f.ask_cached("r.io/a:1");
  const auto late_too = f.ask_cached("r.io/a:1");
  f.clock.advance(4s);
  f.lookup.answer(0, refusal(ErrorKind::timed_out));
  f.pump();
  CHECK(Fixture::show(early) == "registry timed_out");
  CHECK(Fixture::show(late).empty());
  REQUIRE(f.lookup.calls.size() == 2);
  SECTION("which may succeed") {
    f.lookup.answer(1, digest('1'));
    f.pump();
    CHECK(Fixture::show(late) == "registry 1");
    CHECK(Fixture::show(late_too) == "registry 1");
  }
  SECTION("and is the last") {
    f.lookup.answer(1, refusal(ErrorKind::timed_out));
    f.pump();
    CHECK(Fixture::show(late) == "registry timed_out");
    CHECK(f.lookup.calls.size() == 2);
  }
}

TEST_CASE("a waiter that gives up takes nobody with it") {
  Fixture f;
  const auto impatient = f.ask(Fixture::query("r.io/a:1", Freshness::cached), 10ms);
  const auto patient = f.ask_cached("r.io/a:1");
  REQUIRE(f.pump_until([&] { return impatient->has_value(); }));
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(patient) == "registry 1");
  CHECK(f.lookup.calls.size() == 1);
}

TEST_CASE("a look-up that throws answers its waiters") {
  Fixture f;
  f.lookup.script = [](auto&, auto&) -> FakeLookup::Answer { throw std::runtime_error("a bug"); };
  const auto pending =
      f.ask({Fixture::query("r.io/a:1", Freshness::cached), Fixture::query("r.io/a:1", Freshness::current)});
  CHECK(Fixture::show(pending) == "registry internal, registry internal");
  CHECK(f.log.text().find("a bug") != std::string::npos);
  f.lookup.script = nullptr;
  const auto again = f.ask_cached("r.io/a:1");
  f.lookup.answer(f.lookup.calls.size() - 1, digest('1'));
  f.pump();
  CHECK(Fixture::show(again) == "registry 1");
}

TEST_CASE("the number of flights is bounded, and no registry has them all") {
  Fixture f;
  f.settings.max_flights = 8;
  std::vector<Pending> first;
  for (int i = 0; i < 5; ++i)
    first.push_back(f.ask_cached("a.io/x:" + std::to_string(i)));
  CHECK(f.lookup.calls.size() == 2);
  CHECK(Fixture::show(first[1]).empty());
  CHECK(Fixture::show(first[2]) == "registry unavailable");
  CHECK((*first[2])->front().digest.error().message ==
        "image a.io/x:2: too many look-ups are under way, at a.io or in all; try again");
  for (const auto* host : {"b.io", "c.io", "d.io", "e.io"})
    for (int i = 0; i < 2; ++i)
      f.ask_cached(std::string(host) + "/x:" + std::to_string(i));
  CHECK(f.lookup.calls.size() == 8);
  // Joining needs no room, and room comes back.
  CHECK(Fixture::show(f.ask_cached("a.io/x:0")).empty());
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(f.ask_cached("a.io/x:4")).empty());
  CHECK(f.lookup.calls.size() == 9);
}

TEST_CASE("stopping answers everybody, ends every flight and then says so") {
  Fixture f;
  f.settings.slow_after = 5ms;
  const auto running = f.ask_cached("r.io/a:1");
  f.clock.advance(1ms);
  const auto next = f.ask_current("r.io/a:1");
  REQUIRE(f.pump_until([&] { return f.lookup.calls.size() == 2; }));
  f.clock.advance(1ms);
  const auto third = f.ask_current("r.io/a:1");
  f.provider.needs_fetch = true;
  f.provider.fetch_takes = 1h;
  const auto fetching = f.ask_cached("r.io/b:1");
  bool ended = false;
  f.resolver().stop([&] { ended = true; });
  f.pump();
  CHECK(ended);
  for (const auto& pending : {running, next, third, fetching})
    CHECK(Fixture::show(pending) == "registry cancelled");
  for (const auto& call : f.lookup.calls)
    CHECK(call->ended);
  f.provider.needs_fetch = false;
  CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "registry cancelled");
  CHECK(f.lookup.calls.size() == 2);
  // Nothing keeps the registry thread from ending.
  f.io.restart();
  f.io.run();
}

TEST_CASE("stopping an idle resolver ends at once") {
  Fixture f;
  bool ended = false;
  f.resolver().stop([&] { ended = true; });
  f.pump();
  CHECK(ended);
}

TEST_CASE("a resolver destroyed in mid-flight is not touched by the event loop's end") {
  FakeLookup lookup;
  FakeProvider provider;
  test::ManualClock clock;
  test::CaptureLog log;
  Metrics metrics;
  asio::io_context io{1};
  auto resolver = registry::create_resolver(io, lookup, provider, clock, {}, metrics, log.logger());
  std::vector<registry::Query> queries(3, Fixture::query("r.io/a:1", Freshness::cached));
  bool answered = false;
  asio::co_spawn(io, resolver->resolve(std::move(queries), clock.now() + 5s),
                 [&](std::exception_ptr, Resolutions) { answered = true; });
  io.poll();
  REQUIRE(lookup.calls.size() == 1);
  resolver.reset();
  lookup.calls.clear();
  CHECK_FALSE(answered);
}
