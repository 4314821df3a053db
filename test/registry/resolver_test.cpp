#include "registry/resolver.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include "registry/resolver_fixture.hpp"

using namespace digester;
using namespace digester::registry_test;
using namespace std::chrono_literals;
using registry::Freshness;
using Fixture = ResolverFixture;

namespace {

FakeLookup::Answer fails(ErrorKind kind) {
  return refusal(kind);
}

}  // namespace

TEST_CASE("an answer comes from the registry once, then from the cache with its age") {
  Fixture f;
  const auto first = f.ask_cached("r.io/a:1");
  CHECK(Fixture::show(first).empty());
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(first) == "registry 1");
  f.clock.advance(59s);
  const auto second = f.ask_cached("r.io/a:1");
  CHECK(Fixture::show(second) == "cache 1");
  CHECK((*second)->front().age == 59s);
  const auto peeked = f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached));
  REQUIRE(peeked);
  CHECK(Fixture::show(*peeked) == "cache 1");
  f.clock.advance(1s);
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached)));
  f.ask_cached("r.io/a:1");
  CHECK(f.lookup.calls.size() == 2);
}

TEST_CASE("age counts from when the request was sent") {
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.clock.advance(8s);
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached))->age == 8s);
  f.clock.advance(52s);
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached)));
}

TEST_CASE("what people apply is asked for anew each time") {
  Fixture f;
  f.ask_current("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(1ms);
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::current)));
  const auto second = f.ask_current("r.io/a:1");
  REQUIRE(f.lookup.calls.size() == 2);
  f.lookup.answer(1, digest('2'));
  f.pump();
  CHECK(Fixture::show(second) == "registry 2");
  CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache 2");
}

TEST_CASE("that is loosened by --apply-ttl for digests, not for refusals") {
  Fixture f;
  f.settings.apply_ttl = 5s;
  f.ask_current("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(4s);
  CHECK(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::current)));
  CHECK(Fixture::show(f.ask_current("r.io/a:1")) == "cache 1");
  f.clock.advance(1s);
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::current)));
  f.ask_current("r.io/b:1");
  f.lookup.answer(1, fails(ErrorKind::not_found));
  f.pump();
  f.clock.advance(1ms);
  f.ask_current("r.io/b:1");
  CHECK(f.lookup.calls.size() == 3);
}

TEST_CASE("what only a fresh answer may replace is asked for in spite of --apply-ttl") {
  Fixture f;
  f.settings.apply_ttl = 5s;
  f.ask_current("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(1s);
  auto query = Fixture::query("r.io/a:1", Freshness::current);
  REQUIRE(f.resolver().peek(query));
  query.stale_allowed = false;
  CHECK_FALSE(f.resolver().peek(query));
}

TEST_CASE("a refusal is remembered for two seconds, but not for what people apply") {
  Fixture f;
  const auto first = f.ask_cached("r.io/a:1");
  f.lookup.answer(0, fails(ErrorKind::not_found));
  f.pump();
  CHECK(Fixture::show(first) == "registry not_found");
  f.clock.advance(1999ms);
  CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache not_found");
  CHECK(Fixture::show(*f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached))) ==
        "cache not_found");
  // Who pushes and then applies gets what was pushed.
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::current)));
  const auto applied = f.ask_current("r.io/a:1");
  f.lookup.answer(1, digest('1'));
  f.pump();
  CHECK(Fixture::show(applied) == "registry 1");
  CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache 1");
}

TEST_CASE("a refusal is gone after its time to live") {
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.lookup.answer(0, fails(ErrorKind::forbidden));
  f.pump();
  f.clock.advance(2s);
  f.ask_cached("r.io/a:1");
  CHECK(f.lookup.calls.size() == 2);
}

TEST_CASE("failures that may pass are not remembered") {
  const auto kind = GENERATE(ErrorKind::rate_limited, ErrorKind::unavailable, ErrorKind::unreachable,
                             ErrorKind::timed_out, ErrorKind::protocol);
  Fixture f;
  const auto first = f.ask_cached("r.io/a:1");
  f.lookup.answer(0, fails(kind));
  f.pump();
  CHECK(Fixture::show(first) == "registry " + std::string(to_string(kind)));
  f.ask_cached("r.io/a:1");
  CHECK(f.lookup.calls.size() == 2);
}

TEST_CASE("one namespace's digest is not another's") {
  Fixture f;
  f.provider.of_namespace = {{"one", {user("a")}}, {"two", {user("b")}}};
  f.ask_cached("r.io/a:1", "one");
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK(Fixture::show(f.ask_cached("r.io/a:1", "one")) == "cache 1");
  for (const auto* other : {"two", "three"}) {
    const auto calls = f.lookup.calls.size();
    f.ask_cached("r.io/a:1", other);
    CHECK(f.lookup.calls.size() == calls + 1);
  }
}

TEST_CASE("the sources of credentials are asked once for all images of a review") {
  Fixture f;
  f.provider.of_namespace = {{"one", {user("a")}}, {"two", {user("b")}}};
  f.lookup.script = [](const image::Reference&, const Credential& c) -> FakeLookup::Answer {
    if (c.is_anonymous()) return fails(ErrorKind::unauthorized);
    return digest(c.user == "a" ? '1' : '2');
  };
  std::vector<registry::Query> queries;
  for (const auto* space : {"one", "two"})
    for (int i = 0; i < 10; ++i)
      queries.push_back(Fixture::query(fmt::format("r.io/a:{}", i), Freshness::cached, space));
  f.ask(queries);
  f.provider.gathered = 0;
  // Contexts that are equal count as one, wherever they lie.
  std::vector<registry::Question> questions(queries.begin(), queries.end());
  const auto answers = f.resolver().peek_all(questions);
  CHECK(f.provider.gathered == 2);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    REQUIRE(answers[i]);
    CHECK(answers[i]->digest->hex().front() == (i < 10 ? '1' : '2'));
  }
  // In any order each gets its own and nothing else.
  std::vector<registry::Question> mixed;
  for (std::size_t i = 0; i < 10; ++i) {
    mixed.push_back(questions[10 + i]);
    mixed.push_back(questions[i]);
  }
  const auto nobodys = Fixture::query("r.io/a:1", Freshness::cached, "three");
  mixed.emplace_back(nobodys);
  const auto crossed = f.resolver().peek_all(mixed);
  for (std::size_t i = 0; i + 1 < crossed.size(); ++i)
    CHECK(crossed[i]->digest->hex().front() == (i % 2 ? '1' : '2'));
  CHECK_FALSE(crossed.back());
}

TEST_CASE("what anonymous got serves everybody, what anonymous was refused nobody else") {
  Fixture f;
  f.provider.of_namespace = {{"one", {user("a")}}};
  f.lookup.script = [](const image::Reference&, const Credential& c) -> FakeLookup::Answer {
    if (c.is_anonymous()) return fails(ErrorKind::unauthorized);
    return digest('1');
  };
  CHECK(Fixture::show(f.ask_cached("r.io/private:1")) == "registry unauthorized");
  CHECK(Fixture::show(f.ask_cached("r.io/private:1", "one")) == "registry 1");
  CHECK(Fixture::show(f.ask_cached("r.io/private:1")) == "cache unauthorized");
  f.lookup.script = [](const image::Reference&, const Credential& c) -> FakeLookup::Answer {
    if (!c.is_anonymous()) return fails(ErrorKind::unauthorized);
    return digest('2');
  };
  CHECK(Fixture::show(f.ask_cached("r.io/public:1", "one")) == "registry 2");
  CHECK(f.provider.refused_users == "a ");
  CHECK(Fixture::show(f.ask_cached("r.io/public:1")) == "cache 2");
  CHECK(Fixture::show(f.ask_cached("r.io/public:1", "one")) == "cache 2");
}

TEST_CASE("whose credentials were of no use is told, so that what was mended since is found") {
  Fixture f;
  const auto kind = GENERATE(ErrorKind::unauthorized, ErrorKind::forbidden, ErrorKind::not_found);
  f.lookup.script = [&](const image::Reference& reference, const Credential&) -> FakeLookup::Answer {
    if (reference.path() == "private") return fails(kind);
    if (reference.path() == "down") return fails(ErrorKind::unavailable);
    return digest('1');
  };
  f.ask_cached("r.io/public:1", "one");
  f.ask_cached("r.io/down:1", "two");
  CHECK(f.provider.unsatisfied_namespaces.empty());
  f.ask_cached("r.io/private:1", "three");
  CHECK(f.provider.unsatisfied_namespaces == "three ");
}

TEST_CASE("a known digest stands in for a registry that fails") {
  const auto kind =
      GENERATE(ErrorKind::rate_limited, ErrorKind::unavailable, ErrorKind::unreachable, ErrorKind::timed_out);
  const auto freshness = GENERATE(Freshness::cached, Freshness::current);
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.lookup.script = [&](auto&, auto&) -> FakeLookup::Answer { return fails(kind); };
  f.clock.advance(1h - 1s);
  const auto stale = f.ask(Fixture::query("r.io/a:1", freshness));
  CHECK(Fixture::show(stale) == "stale 1");
  CHECK((*stale)->front().age == 1h - 1s);
  CHECK((*stale)->front().because.value().kind == kind);
  auto strict = Fixture::query("r.io/a:1", freshness);
  strict.stale_allowed = false;
  CHECK(Fixture::show(f.ask(strict)) == "registry " + std::string(to_string(kind)));
  f.clock.advance(1s);
  CHECK(Fixture::show(f.ask(Fixture::query("r.io/a:1", freshness))) ==
        "registry " + std::string(to_string(kind)));
}

TEST_CASE("no known digest stands in for an answer that is certain, and it is forgotten") {
  const auto kind = GENERATE(ErrorKind::not_found, ErrorKind::unauthorized, ErrorKind::forbidden,
                             ErrorKind::invalid, ErrorKind::unsupported);
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(2min);
  const auto gone = f.ask_cached("r.io/a:1");
  f.lookup.answer(1, fails(kind));
  f.pump();
  CHECK(Fixture::show(gone) == "registry " + std::string(to_string(kind)));
  f.clock.advance(3s);
  const auto down = f.ask_cached("r.io/a:1");
  f.lookup.answer(2, fails(ErrorKind::unavailable));
  f.pump();
  CHECK(Fixture::show(down) == "registry unavailable");
}

TEST_CASE("a broken answer is neither papered over nor does it forget") {
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(2min);
  const auto broken = f.ask_cached("r.io/a:1");
  f.lookup.answer(1, fails(ErrorKind::protocol));
  f.pump();
  CHECK(Fixture::show(broken) == "registry protocol");
  const auto down = f.ask_cached("r.io/a:1");
  f.lookup.answer(2, fails(ErrorKind::unavailable));
  f.pump();
  CHECK(Fixture::show(down) == "stale 1");
}

TEST_CASE("another's older digest does not stand in") {
  Fixture f;
  f.provider.of_namespace = {{"one", {user("a")}}, {"two", {user("b")}}};
  f.ask_cached("r.io/a:1", "one");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.lookup.script = [](auto&, auto&) -> FakeLookup::Answer { return fails(ErrorKind::unavailable); };
  f.clock.advance(2min);
  CHECK(Fixture::show(f.ask_cached("r.io/a:1", "two")) == "registry unavailable");
  CHECK(Fixture::show(f.ask_cached("r.io/a:1", "one")) == "stale 1");
}

TEST_CASE("what controllers create does not wait for a slow registry") {
  Fixture f;
  f.settings.slow_after = 20ms;
  f.ask_cached("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(2min);
  auto query = Fixture::query("r.io/a:1", Freshness::cached);
  query.stale_when_slow = true;
  auto patient = query;
  patient.stale_when_slow = false;
  const auto waiting = f.ask(patient);
  const auto both = f.ask({query, Fixture::query("r.io/b:1", Freshness::cached)});
  const auto alone = f.ask(query);
  REQUIRE(f.pump_until([&] { return !Fixture::show(alone).empty(); }));
  CHECK(Fixture::show(alone) == "stale 1");
  CHECK(Fixture::show(waiting).empty());
  CHECK(Fixture::show(both).empty());
  f.lookup.answer(1, digest('2'));
  f.lookup.answer(2, digest('3'));
  f.pump();
  CHECK(Fixture::show(waiting) == "registry 2");
  CHECK(Fixture::show(both) == "stale 1, registry 3");
  // The flight went on and refreshed the entry.
  CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache 2");
}

TEST_CASE("at the deadline the caller gets what is there") {
  Fixture f;
  const auto pending =
      f.ask({Fixture::query("r.io/a:1", Freshness::current), Fixture::query("r.io/b:1", Freshness::current),
             Fixture::query("r.io/c:1", Freshness::current)},
            100ms);
  f.lookup.answer(1, digest('2'));
  REQUIRE(f.pump_until([&] { return pending->has_value(); }));
  CHECK(Fixture::show(pending) == "registry timed_out, registry 2, registry timed_out");
  const auto& message = (**pending)[0].digest.error().message;
  CHECK(message == "r.io/a:1: r.io: no answer within 100ms; try again later");
  SECTION("and the flight goes on and feeds the cache") {
    f.lookup.answer(0, digest('1'));
    f.pump();
    CHECK(Fixture::show(f.ask_cached("r.io/a:1")) == "cache 1");
  }
}

TEST_CASE("at the deadline an older digest stands in where allowed") {
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.clock.advance(2min);
  auto strict = Fixture::query("r.io/a:1", Freshness::current);
  strict.stale_allowed = false;
  const auto pending = f.ask({Fixture::query("r.io/a:1", Freshness::current), strict}, 20ms);
  REQUIRE(f.pump_until([&] { return pending->has_value(); }));
  CHECK(Fixture::show(pending) == "stale 1, registry timed_out");
  CHECK((**pending)[0].age == 2min);
  CHECK((**pending)[0].because.value().message == "r.io/a:1: r.io: no answer within 20ms; try again later");
}

TEST_CASE("a time-out states the limit that is known to people, and what raises it") {
  Fixture f;
  f.settings.patience = 1ms;
  f.settings.longer_patience = "raise --timeout";
  const auto pending = f.ask({Fixture::query("r.io/a:1", Freshness::current)}, 3ms);
  REQUIRE(f.pump_until([&] { return pending->has_value(); }));
  CHECK((**pending)[0].digest.error().message == "r.io/a:1: r.io: no answer within 1ms; raise --timeout");
}

TEST_CASE("a deadline that has passed already still answers") {
  Fixture f;
  const auto pending = f.ask(Fixture::query("r.io/a:1", Freshness::current), -1s);
  REQUIRE(f.pump_until([&] { return pending->has_value(); }));
  CHECK(Fixture::show(pending) == "registry timed_out");
  CHECK(Fixture::show(f.ask(std::vector<registry::Query>())).empty());
}

TEST_CASE("a cancelled caller gets what is there") {
  Fixture f;
  asio::cancellation_signal signal;
  const auto pending = std::make_shared<std::optional<Resolutions>>();
  std::vector<registry::Query> queries{Fixture::query("r.io/a:1", Freshness::current),
                                       Fixture::query("r.io/b:1", Freshness::current)};
  asio::co_spawn(f.io, f.resolver().resolve(std::move(queries), f.clock.now() + 5s),
                 asio::bind_cancellation_slot(signal.slot(), [pending](std::exception_ptr, Resolutions all) {
                   *pending = std::move(all);
                 }));
  f.pump();
  f.lookup.answer(0, digest('1'));
  f.pump();
  CHECK_FALSE(pending->has_value());
  signal.emit(asio::cancellation_type::terminal);
  f.pump();
  CHECK(Fixture::show(pending) == "registry 1, registry cancelled");
  // Nobody's flight but its own caller's wait ended.
  CHECK_FALSE(f.lookup.calls[1]->ended);
}

TEST_CASE("credentials that need reading are read once for all who ask") {
  Fixture f;
  f.provider.needs_fetch = true;
  f.provider.fetch_takes = 1h;
  f.provider.of_namespace = {{"one", {user("a")}}};
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached, "one")));
  std::vector<Pending> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(f.ask_cached("r.io/a:1", "one"));
  CHECK(f.lookup.calls.empty());
  f.provider.finish_fetches();
  f.pump();
  REQUIRE(f.lookup.calls.size() == 1);
  f.lookup.answer(0, digest('1'));
  f.pump();
  for (const auto& pending : all)
    CHECK(Fixture::show(pending) == "registry 1");
  CHECK(f.provider.fetches == 1);
  CHECK(f.lookup.calls.size() == 1);
  CHECK(f.lookup.calls[0]->credential.user == "a");
  // Afterwards they are ready, and the answer is in the cache under them.
  f.provider.needs_fetch = false;
  CHECK(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached, "one")));
  CHECK_FALSE(f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached, "two")));
}

TEST_CASE("credentials that cannot be read do not stop public images") {
  Fixture f;
  f.provider.needs_fetch = true;
  SECTION("a failure") {
    f.provider.fetch_fails = true;
  }
  SECTION("a source that hangs") {
    f.provider.fetch_takes = 1h;
    f.settings.credentials_bound = 20ms;
  }
  const auto open = f.ask_cached("r.io/a:1", "one");
  const auto closed = f.ask_cached("r.io/b:1", "one");
  REQUIRE(f.pump_until([&] { return f.lookup.calls.size() == 2; }));
  const bool first_is_open = f.lookup.calls[0]->reference.path() == "a";
  f.lookup.answer(first_is_open ? 0 : 1, digest('1'));
  f.lookup.answer(first_is_open ? 1 : 0, fails(ErrorKind::not_found));
  f.pump();
  CHECK(Fixture::show(open) == "registry 1");
  // And a refusal proves nothing then: it is no reason to refuse for good, and not remembered.
  CHECK(Fixture::show(closed) == "registry unavailable");
  CHECK(f.log.text().find("credentials could not be read") != std::string::npos);
  f.provider.needs_fetch = false;
  f.ask_cached("r.io/b:1", "one");
  CHECK(f.lookup.calls.size() == 3);
}

TEST_CASE("figures tell where answers came from") {
  Fixture f;
  f.ask_cached("r.io/a:1");
  f.ask_cached("r.io/a:1");
  CHECK(f.metrics.gauge("digester_lookup_flights_active", "").Value() == 1);
  f.lookup.answer(0, digest('1'));
  f.pump();
  f.ask_cached("r.io/a:1");
  f.resolver().peek(Fixture::query("r.io/a:1", Freshness::cached));
  f.resolver().peek(Fixture::query("r.io/b:1", Freshness::cached));
  f.ask_cached("r.io/b:1");
  f.lookup.answer(1, fails(ErrorKind::not_found));
  f.clock.advance(2min);
  const auto stale = f.ask_cached("r.io/a:1");
  f.lookup.answer(2, fails(ErrorKind::rate_limited));
  f.pump();
  const auto lookups = [&](const char* source, const char* outcome) {
    return f.counter("digester_lookups_total", {{"source", source}, {"outcome", outcome}});
  };
  CHECK(lookups("registry", "ok") == 2);
  CHECK(lookups("cache", "ok") == 2);
  CHECK(lookups("registry", "not_found") == 1);
  CHECK(lookups("stale", "ok") == 1);
  CHECK(f.counter("digester_cache_hits_total") == 2);
  CHECK(f.counter("digester_cache_misses_total") == 4);
  CHECK(f.counter("digester_lookup_flights_total") == 3);
  CHECK(f.counter("digester_lookup_joined_total") == 1);
  CHECK(f.metrics.gauge("digester_lookup_flights_active", "").Value() == 0);
  const auto text = f.metrics.exposition();
  CHECK(text.find("digester_cache_entries{region=\"digests\"} 1\n") != std::string::npos);
  CHECK(text.find("digester_cache_bytes{region=\"refusals\"} ") != std::string::npos);
  CHECK(text.find("r.io") == std::string::npos);
  f.made.reset();
  f.pump();
  CHECK_FALSE(f.metrics.exposition().empty());
}
