#include "registry/cache.hpp"

#include <catch2/catch.hpp>

#include "registry/resolver_fixture.hpp"
#include "support/manual_clock.hpp"

using namespace digester;
using namespace digester::registry_test;
using namespace std::chrono_literals;
using registry::Asker;
using registry::Cache;
using registry::CacheSettings;
using registry::make_asker;

namespace {

struct Fixture {
  test::ManualClock clock;
  Cache cache{clock, CacheSettings{}};

  void store(const Credential& shown_to, char digit, const char* image = "r.io/a:1") {
    cache.store(reference(image), shown_to, digest(digit), clock.now(), "ns");
  }
  Cache::Since within(Duration digest_age, Duration refusal_age = 2s) {
    return {clock.now() - digest_age, clock.now() - refusal_age};
  }
  // The digest's digit, or '-'; '!' for a refusal.
  char found(const Asker& asker, const char* image = "r.io/a:1") {
    const auto hit = cache.find(reference(image), asker, within(1min), clock.now());
    if (!hit) return '-';
    return hit->answer ? hit->answer->hex().front() : '!';
  }
};

const Asker kNobody = make_asker({});

}  // namespace

TEST_CASE("a digest is found only by who holds the credential that got it") {
  Fixture f;
  f.store(user("a"), '1');
  CHECK(f.found(make_asker({user("a")})) == '1');
  CHECK(f.found(make_asker({user("b"), user("a")})) == '1');
  CHECK(f.found(make_asker({user("b")})) == '-');
  CHECK(f.found(kNobody) == '-');
  CHECK(f.found(make_asker({user("a")}), "r.io/a:2") == '-');
  CHECK(f.found(make_asker({user("a")}), "r.io/b:1") == '-');
  CHECK(f.found(make_asker({user("a")}), "s.io/a:1") == '-');
}

TEST_CASE("own credentials come first, in their order, then what anonymous got") {
  Fixture f;
  f.store(Credential::anonymous(), '0');
  CHECK(f.found(make_asker({user("a"), user("b")})) == '0');
  f.store(user("b"), '2');
  CHECK(f.found(make_asker({user("a"), user("b")})) == '2');
  f.store(user("a"), '1');
  CHECK(f.found(make_asker({user("a"), user("b")})) == '1');
  CHECK(f.found(make_asker({user("b"), user("a")})) == '2');
  CHECK(f.found(kNobody) == '0');
}

TEST_CASE("an older answer of a better credential gives way to a fresh one of a later credential") {
  Fixture f;
  f.store(user("a"), '1');
  f.clock.advance(61s);
  f.store(user("b"), '2');
  CHECK(f.found(make_asker({user("a"), user("b")})) == '2');
  CHECK(f.cache.newest(reference("r.io/a:1"), make_asker({user("a"), user("b")}))->answer->hex().front() ==
        '2');
  CHECK(f.cache.newest(reference("r.io/a:1"), make_asker({user("a")}))->answer->hex().front() == '1');
}

TEST_CASE("a refusal belongs to the whole list that was tried") {
  Fixture f;
  const auto refuse = [&](const Asker& asker) {
    f.cache.store_refusal(reference("r.io/a:1"), asker, {ErrorKind::not_found, "no such image"},
                          f.clock.now(), "ns");
  };
  refuse(kNobody);
  CHECK(f.found(kNobody) == '!');
  CHECK(f.found(make_asker({user("a")})) == '-');
  refuse(make_asker({user("a"), user("b")}));
  CHECK(f.found(make_asker({user("a"), user("b")})) == '!');
  CHECK(f.found(make_asker({user("b"), user("a")})) == '-');
  CHECK(f.found(make_asker({user("a")})) == '-');
  auto incomplete = kNobody;
  incomplete.complete = false;
  CHECK(f.found(incomplete) == '-');
  SECTION("and lives for the time set") {
    f.clock.advance(1999ms);
    CHECK(f.found(kNobody) == '!');
    f.clock.advance(1ms);
    CHECK(f.found(kNobody) == '-');
  }
  SECTION("and yields to a digest") {
    f.store(Credential::anonymous(), '0');
    CHECK(f.found(kNobody) == '0');
  }
}

TEST_CASE("digests stay for the retention, and are fresh for less") {
  Fixture f;
  f.store(Credential::anonymous(), '0');
  f.clock.advance(1min - 1ns);
  CHECK(f.found(kNobody) == '0');
  f.clock.advance(1ns);
  CHECK(f.found(kNobody) == '-');
  CHECK(f.cache.newest(reference("r.io/a:1"), kNobody));
  f.clock.advance(59min - 1ns);
  CHECK(f.cache.newest(reference("r.io/a:1"), kNobody));
  f.clock.advance(1ns);
  CHECK_FALSE(f.cache.newest(reference("r.io/a:1"), kNobody));
  CHECK(f.cache.digests().entries == 0);
}

TEST_CASE("what is forgotten for one credential stays for the others") {
  Fixture f;
  f.store(user("a"), '1');
  f.store(Credential::anonymous(), '0');
  f.cache.forget(reference("r.io/a:1"), user("a"), f.clock.now());
  CHECK(f.found(make_asker({user("a")})) == '0');
  CHECK(f.found(kNobody) == '0');
}

TEST_CASE("digests of every length come back as they were") {
  Fixture f;
  const auto sha512 = image::Digest::parse("sha512:" + std::string(128, 'e')).value();
  f.cache.store(reference("r.io/a:1"), Credential::anonymous(), sha512, f.clock.now(), "ns");
  CHECK(*f.cache.find(reference("r.io/a:1"), kNobody, f.within(1min), f.clock.now())->answer == sha512);
  const auto sha256 = image::Digest::parse("sha256:00ff10" + std::string(58, '7')).value();
  f.clock.advance(1s);
  f.cache.store(reference("r.io/a:1"), Credential::anonymous(), sha256, f.clock.now(), "ns");
  CHECK(*f.cache.find(reference("r.io/a:1"), kNobody, f.within(1min), f.clock.now())->answer == sha256);
}

TEST_CASE("made-up names cannot push out digests") {
  test::ManualClock clock;
  CacheSettings settings;
  settings.entries = 10'000;
  Cache cache(clock, settings);
  for (int i = 0; i < 9000; ++i)
    cache.store(reference("r.io/a:" + std::to_string(i)), Credential::anonymous(), digest(i), clock.now(),
                "ns");
  const auto before = cache.digests().entries;
  CHECK(before > 8500);
  for (int i = 0; i < 50'000; ++i)
    cache.store_refusal(reference("r.io/x:" + std::to_string(i)), kNobody,
                        {ErrorKind::not_found, std::string(10'000, 'x')}, clock.now(), "evil");
  CHECK(cache.digests().entries == before);
  CHECK(cache.refusals().entries <= 500);
  CHECK(cache.refusals().entries > 300);
}

TEST_CASE("the cache keeps within its bytes") {
  test::ManualClock clock;
  CacheSettings settings;
  settings.bytes = 1 << 20;
  Cache cache(clock, settings);
  for (int i = 0; i < 30'000; ++i) {
    const auto name = "r.io/a:" + std::to_string(i);
    cache.store(reference(name), Credential::anonymous(), digest(i), clock.now(),
                "ns" + std::to_string(i % 100));
    cache.store_refusal(reference(name), kNobody, {ErrorKind::not_found, std::string(600, 'x')}, clock.now(),
                        "ns");
  }
  CHECK(cache.digests().bytes + cache.refusals().bytes <= settings.bytes + 4096);
  CHECK(cache.digests().entries > 8000);
  CHECK(cache.digests().evicted_for_room + cache.digests().evicted_for_share > 10'000);
}
