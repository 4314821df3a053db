#include "certificate/state.hpp"

#include <catch2/catch.hpp>

#include "certificate/foreign.hpp"
#include "certificate/world.hpp"

using namespace digester;
using namespace digester::certificate;
using namespace std::chrono_literals;
using std::chrono::days;
using test::World;
using Changes = std::vector<Change>;

namespace {

World settled() {
  World world;
  world.settle();
  return world;
}

World foreign_world() {
  World world;
  world.secret = test::ForeignRsa(world.now).secret(test::kServiceName);
  world.bundle = world.secret.ca_crt;
  return world;
}

Certificate leaf_of(const World& world) {
  return parse_certificates(world.secret.tls_crt).list.at(0);
}

}  // namespace

TEST_CASE("out of nothing come a CA, a certificate for the Service's names and a bundle") {
  World world;
  CHECK(world.settle() == Changes{Change::created});
  const auto leaf = leaf_of(world);
  CHECK(leaf.key_type == KeyType::p256);
  CHECK(leaf.dns_names == world.settings.names);
  CHECK(leaf.not_after == world.now + days(365));
  CHECK(world.bundle == world.secret.ca_crt);
  CHECK(world.bundle_verifies_leaf());
  const auto decision = world.decide();
  CHECK_FALSE(decision.write);
  CHECK(decision.serve == KeyPair{world.secret.tls_crt, world.secret.tls_key});
  CHECK(decision.warning.empty());
  CHECK(decision.look_again > world.now + days(29));
}

TEST_CASE("a valid Secret of somebody else is used as it is") {
  auto world = foreign_world();
  const auto before = world.secret;
  CHECK(world.settle().empty());
  CHECK(world.secret == before);
  CHECK(world.bundle_writes == 0);
  CHECK(world.decide().serve);

  SECTION("its bundle is put back when somebody removes it") {
    world.bundle.clear();
    CHECK(world.settle().empty());
    CHECK(world.bundle == before.ca_crt);
  }
  SECTION("a bundle with more in it is left alone") {
    world.bundle = make_ca("other", days(10), world.now)->certificate_pem + before.ca_crt;
    const auto bundle = world.bundle;
    CHECK(world.settle().empty());
    CHECK(world.bundle == bundle);
  }
  SECTION("its certificate is renewed with a P-256 key by the CA that is there") {
    world.now = two_thirds(leaf_of(world));
    const auto changes = world.settle();
    REQUIRE_FALSE(changes.empty());
    CHECK(changes.front() == Change::renewed);
    CHECK(leaf_of(world).key_type == KeyType::p256);
    CHECK(verify(world.secret.tls_crt, before.ca_crt, test::kServiceName, world.now));
  }
}

TEST_CASE("a certificate is renewed at two thirds of its life, by the same CA, and the bundle stays") {
  auto world = settled();
  const auto before = world.secret;
  world.now = two_thirds(leaf_of(world)) - 1s;
  CHECK(world.settle().empty());
  world.now += 1s;
  CHECK(world.settle() == Changes{Change::renewed});
  CHECK(world.secret.ca_crt == before.ca_crt);
  CHECK(world.secret.tls_crt != before.tls_crt);
  CHECK(world.bundle_writes == 1);
  CHECK(leaf_of(world).not_after == world.now + days(365));
}

TEST_CASE("the CA is rotated with overlap") {
  auto world = settled();
  const auto first = world.secret.ca_crt;
  world.now = ca_due(parse_certificates(first).list.at(0), world.settings.serving_life);
  CHECK(world.now == parse_certificates(first).list.at(0).not_after - 29200h - 20min);
  // The serving certificate is renewed on the way, if it was not before.
  CHECK(world.settle() == Changes{Change::repaired, Change::ca_added, Change::ca_published});
  CHECK(world.secret.ca_crt == first);
  const auto second = world.secret.ca_next_crt;
  CHECK(world.bundle == first + second);
  CHECK(world.secret.next_published == world.now);
  CHECK(verify(world.secret.tls_crt, first, test::kServiceName, world.now));

  world.now += 1h - 1s;
  CHECK(world.settle().empty());
  world.now += 1s;
  CHECK(world.settle() == Changes{Change::ca_switched});
  CHECK(world.secret.ca_crt == second);
  CHECK(world.secret.ca_next_crt.empty());
  CHECK(world.secret.ca_old_crt == first);
  CHECK(verify(world.secret.tls_crt, second, test::kServiceName, world.now));
  CHECK(parse_certificates(world.bundle).list.size() == 2);

  world.now += 1h - 1s;
  CHECK(world.settle().empty());
  CHECK(parse_certificates(world.bundle).list.size() == 2);
  world.now += 1s;
  CHECK(world.settle() == Changes{Change::ca_dropped});
  CHECK(world.bundle == second);
  CHECK(world.secret.ca_old_crt.empty());
  CHECK_FALSE(world.secret.old_since);
}

TEST_CASE("a rotation waits for a bundle that is known to hold the next CA") {
  auto world = settled();
  const auto ca = parse_certificates(world.secret.ca_crt).list.at(0);
  world.now = ca_due(ca, world.settings.serving_life);
  world.configuration = Observed::Configuration::unknown;
  world.settle();
  CHECK_FALSE(world.secret.ca_next_crt.empty());
  CHECK_FALSE(world.secret.next_published);
  world.now += 10h;
  CHECK(world.settle().empty());
  world.configuration = Observed::Configuration::present;
  CHECK(world.settle() == Changes{Change::ca_published});
  world.now += 59min;

  SECTION("somebody takes it out again: the wait starts again") {
    world.bundle = world.secret.ca_crt;
    CHECK(world.settle() == Changes{Change::tidied, Change::ca_published});
    CHECK(world.secret.next_published == world.now);
    world.now += 1h;
    CHECK(world.settle() == Changes{Change::ca_switched});
  }
  SECTION("it cannot be read any more: nothing is switched") {
    world.configuration = Observed::Configuration::unknown;
    world.now += 10h;
    CHECK(world.settle().empty());
  }
  SECTION("the clock is not to be trusted: nothing is switched") {
    world.hold = true;
    world.now += 10h;
    CHECK(world.settle().empty());
    world.hold = false;
    CHECK(world.settle() == Changes{Change::ca_switched});
  }
  SECTION("the CA was replaced meanwhile by one that is not due: the next one is not needed") {
    const auto foreign = test::ForeignRsa(world.now).secret(test::kServiceName);
    world.secret.ca_crt = foreign.ca_crt;
    world.secret.ca_key = foreign.ca_key;
    world.secret.tls_crt = foreign.tls_crt;
    world.secret.tls_key = foreign.tls_key;
    CHECK(world.settle() == Changes{Change::tidied});
    CHECK(world.secret == foreign);
    CHECK(world.bundle == foreign.ca_crt);
  }
}

TEST_CASE("without a configuration a rotation goes on: nobody calls us") {
  World world;
  world.configuration = Observed::Configuration::absent;
  CHECK(world.settle() == Changes{Change::created});
  world.now = ca_due(parse_certificates(world.secret.ca_crt).list.at(0), world.settings.serving_life);
  world.settle();
  CHECK(world.secret.next_published == world.now);
  world.now += 1h;
  CHECK(world.settle() == Changes{Change::ca_switched});
  world.now += 1h;
  CHECK(world.settle() == Changes{Change::ca_dropped});
}

TEST_CASE("a pair without its CA's key is used as it is, and replaced just before it expires") {
  auto world = foreign_world();
  world.secret.ca_key = GENERATE(std::string(), std::string("rubbish"));
  const auto foreign = world.secret;
  CHECK(world.settle().empty());
  CHECK(world.decide().warning.find("shortly before it expires") != std::string::npos);
  world.now = leaf_of(world).not_after - 3h - 1s;
  CHECK(world.settle().empty());
  world.now += 1s;
  CHECK(world.settle() == Changes{Change::ca_added, Change::ca_published});
  CHECK(world.secret.tls_crt == foreign.tls_crt);
  world.now += 119min;
  CHECK(world.settle().empty());
  world.now += 1min;
  CHECK(world.settle() == Changes{Change::ca_switched});
  CHECK(leaf_of(world).key_type == KeyType::p256);
  world.now += 1h;
  world.settle();
  CHECK(world.bundle == world.secret.ca_crt);
}

TEST_CASE("a bundle of somebody else that verifies the pair is enough, without any ca.crt") {
  auto world = foreign_world();
  world.secret.ca_crt = GENERATE(std::string(), std::string("rubbish"));
  world.secret.ca_key.clear();
  const auto before = world.secret;
  const auto bundle = world.bundle;
  CHECK(world.settle().empty());
  CHECK(world.secret == before);
  CHECK(world.bundle_writes == 0);
  // At its end the next CA joins what is there.
  world.now = leaf_of(world).not_after - 3h;
  world.settle();
  CHECK(world.bundle == world.secret.ca_next_crt + bundle);
  CHECK(world.bundle_verifies_leaf());
  world.now += 2h;
  CHECK(world.settle() == Changes{Change::ca_switched});
  CHECK(parse_certificates(world.bundle).list.size() == 2);
}

TEST_CASE("what cannot be judged just now is not repaired") {
  auto world = foreign_world();
  world.secret.ca_crt.clear();
  world.configuration = Observed::Configuration::unknown;
  CHECK(world.settle().empty());
  CHECK(world.decide().serve);
  CHECK_FALSE(world.decide().bundle);
  world.configuration = Observed::Configuration::present;
  world.bundle = make_ca("stranger", days(10), world.now)->certificate_pem;
  CHECK(world.settle() == Changes{Change::repaired});
}

TEST_CASE("rubbish in the Secret is repaired with as little change as possible") {
  auto world = settled();
  const auto good = world.secret;
  const auto other = make_ca("other", days(10), world.now).value();
  const std::string rubbish =
      GENERATE(std::string(), std::string("rubbish"), std::string("-----BEGIN CERTIFICATE-----\nAAAA\n"));
  auto& s = world.secret;
  struct Case {
    std::string* field;
    bool ca_stays;
    std::vector<Change> changes;
  };
  const std::vector<Case> cases = {{&s.ca_crt, false, {}},
                                   {&s.tls_crt, true, {Change::repaired}},
                                   {&s.tls_key, true, {Change::repaired}},
                                   {&s.ca_key, true, {}}};
  for (const auto& one : cases) {
    world.secret = good;
    world.bundle = good.ca_crt;
    *one.field = rubbish;
    INFO(one.field - &s.ca_crt);
    CHECK(world.settle() == one.changes);
    CHECK(world.bundle_verifies_leaf());
    CHECK(key_fits(s.tls_crt, s.tls_key));
    CHECK((s.ca_crt == good.ca_crt) == one.ca_stays);
    CHECK(world.settle().empty());
  }
  // With nothing that could be trusted, all of it is made anew.
  world.secret = SecretData{};
  s.ca_crt = s.ca_key = s.tls_crt = s.tls_key = "rubbish";
  s.ca_next_crt = s.ca_old_crt = rubbish;
  world.bundle = "rubbish";
  CHECK(world.settle() == Changes{Change::repaired});
  CHECK(world.bundle == s.ca_crt);
  // Pairs that do not belong together.
  world.secret = good;
  s.tls_key = other.key_pem;
  CHECK(world.settle() == Changes{Change::repaired});
  CHECK(world.decide().serve);
}

TEST_CASE("rubbish in the rotation's own keys costs the rotation, not the service") {
  auto world = settled();
  const auto tls = world.secret.tls_crt;
  world.secret.ca_next_crt = "rubbish";
  CHECK(world.settle() == Changes{Change::tidied});
  world.secret.ca_old_crt = "rubbish";
  CHECK(world.settle() == Changes{Change::tidied});
  world.secret.old_since = world.now;
  CHECK(world.settle() == Changes{Change::tidied});
  world.secret.next_published = world.now;
  CHECK(world.settle() == Changes{Change::tidied});
  world.secret.ca_next_crt = world.secret.ca_crt;
  world.secret.ca_next_key = world.secret.ca_key;
  CHECK(world.settle() == Changes{Change::tidied});
  CHECK(world.secret.tls_crt == tls);
  CHECK(world.secret.ca_next_key.empty());

  world.now = ca_due(parse_certificates(world.secret.ca_crt).list.at(0), world.settings.serving_life);
  world.settle();
  world.secret.ca_next_key = "rubbish";
  CHECK(world.settle() == Changes{Change::ca_added, Change::ca_published});
}

TEST_CASE("an expired CA is replaced at once, by the next one if there is one") {
  auto world = settled();
  const auto first = world.secret.ca_crt;
  const auto end = parse_certificates(first).list.at(0).not_after;
  SECTION("nothing was prepared") {
    world.now = end + 1s;
    CHECK(world.settle() == Changes{Change::repaired});
    CHECK(world.secret.ca_old_crt.empty());
  }
  SECTION("the next one never made it into the bundle") {
    world.now = end - 10min;
    world.configuration = Observed::Configuration::unknown;
    world.settle();
    const auto next = world.secret.ca_next_crt;
    REQUIRE_FALSE(next.empty());
    world.now = end + 1s;
    world.configuration = Observed::Configuration::present;
    CHECK(world.settle() == Changes{Change::repaired});
    CHECK(world.secret.ca_crt == next);
  }
  CHECK(world.secret.ca_crt != first);
  CHECK(world.bundle == world.secret.ca_crt);
  CHECK(world.bundle_verifies_leaf());
}

TEST_CASE("a clock that jumps costs a new certificate at most, and comes to rest") {
  auto world = settled();
  const auto jump = GENERATE(as<seconds>{}, -days(4000), -days(2), -30min, 30min, days(300), days(4000));
  world.now += jump;
  world.settle();
  CHECK(world.bundle_verifies_leaf());
  CHECK(world.settle().empty());
  world.now -= jump;
  world.settle();
  CHECK(world.bundle_verifies_leaf());
  CHECK(world.settle().empty());
}

TEST_CASE("times in the future start their wait again") {
  auto world = settled();
  world.now = ca_due(parse_certificates(world.secret.ca_crt).list.at(0), world.settings.serving_life);
  world.settle();
  world.secret.next_published = world.now + days(300);
  CHECK(world.settle() == Changes{Change::tidied});
  CHECK(world.secret.next_published == world.now);
  world.now += 1h;
  CHECK(world.settle() == Changes{Change::ca_switched});
  world.secret.old_since = world.now + days(300);
  CHECK(world.settle() == Changes{Change::tidied});
  CHECK(world.secret.old_since == world.now);
  world.secret.old_since.reset();
  CHECK(world.settle() == Changes{Change::tidied});
  // What another replica's clock can be ahead is waited for, not repaired.
  world.secret.old_since = world.now + 4min;
  CHECK(world.settle().empty());
  world.now += 1h + 4min;
  CHECK(world.settle() == Changes{Change::ca_dropped});
}

TEST_CASE("a certificate for other names is replaced by the same CA") {
  auto world = settled();
  const auto ca = world.secret.ca_crt;
  world.settings.names = {"renamed.elsewhere.svc"};
  CHECK(world.decide().why.find("hostname mismatch") != std::string::npos);
  CHECK(world.settle() == Changes{Change::repaired});
  CHECK(world.secret.ca_crt == ca);
  CHECK(leaf_of(world).dns_names == world.settings.names);
}

TEST_CASE("a Secret that is deleted is made anew, and what replicas still serve stays verified") {
  auto world = settled();
  const auto before = world.secret;
  world.secret = SecretData{};
  CHECK(world.settle() == Changes{Change::created});
  CHECK(verify(before.tls_crt, world.bundle, test::kServiceName, world.now));
  CHECK(world.bundle_verifies_leaf());
  world.now += 1h;
  CHECK(world.settle() == Changes{Change::ca_dropped});
  CHECK(world.bundle == world.secret.ca_crt);
}

TEST_CASE("two replicas that decide at once differ in keys alone, and either result is complete") {
  World world;
  const auto a = world.decide();
  const auto b = world.decide();
  CHECK(a.write->ca_crt != b.write->ca_crt);
  for (const auto& one : {a, b}) {
    World mine = world;
    mine.secret = *one.write;
    CHECK(mine.settle().empty());
    CHECK(mine.bundle_verifies_leaf());
  }
}

TEST_CASE("twenty years pass: one certificate after the other, never one that is not verified") {
  World world;
  world.settings.serving_life = GENERATE(as<seconds>{}, days(365), days(3650));
  const Time end = world.now + days(20 * 365);
  int changes = 0;
  while (world.now < end) {
    changes += static_cast<int>(world.settle().size());
    const auto decision = world.decide();
    REQUIRE_FALSE(decision.write);
    REQUIRE(decision.look_again > world.now);
    REQUIRE(world.bundle_verifies_leaf());
    world.now = std::min(decision.look_again, world.now + days(30));
  }
  CHECK(changes < 20 * 365 / 15);
}
