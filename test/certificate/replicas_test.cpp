// Many replicas on one API, and a rival beside them.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "certificate/foreign.hpp"
#include "certificate/memory_store.hpp"
#include "certificate/rotator/rotator.hpp"
#include "certificate/world.hpp"
#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

using namespace digester;
using namespace digester::certificate;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

struct Cluster;

struct Replica {
  Replica(Cluster& cluster, Rotator::Options options);
  bool running() const { return !ended; }

  test::Turns turns;
  test::MemoryStore store;
  Metrics metrics;
  std::optional<KeyPair> served;
  bool dirty = false;  // an event waits for it
  SteadyTime waits_since{};
  bool ended = false;
  net::asio::cancellation_signal stop;
  Rotator rotator;
};

struct BundleVersion {
  std::string pem;
  SteadyTime replaced = SteadyTime::max();
};

struct Cluster {
  explicit Cluster(unsigned seed) : random(seed) {
    api.changed = [this] {
      for (auto& one : replicas)
        one->dirty = true;
      if (api.bundle == bundles.back().pem) return;
      bundles.back().replaced = clock.now();
      bundles.push_back({api.bundle});
      if (first_published == SteadyTime::max()) first_published = clock.now();
      // What an API server saw before there was any bundle verifies nothing.
      if (bundles.front().pem.empty()) bundles.erase(bundles.begin());
    };
  }
  ~Cluster() {
    for (auto& one : replicas)
      one->stop.emit(net::asio::cancellation_type::terminal);
    settle();
  }

  void settle() {
    io.restart();
    io.poll();
    std::erase_if(replicas, [](const auto& one) { return one->ended; });
  }

  void start() {
    replicas.push_back(std::make_unique<Replica>(*this, options));
    Replica* const one = replicas.back().get();
    auto ended = [one](std::exception_ptr) { one->ended = true; };
    net::asio::co_spawn(io, one->rotator.run(), net::asio::bind_cancellation_slot(one->stop.slot(), ended));
  }

  bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random) < p; }

  // Lets one call or event through, or time pass; never so much that somebody is kept waiting for long.
  void step() {
    settle();
    std::vector<std::pair<Replica*, net::Timer*>> ready;
    SteadyTime next = SteadyTime::max();
    bool overdue = false;
    for (auto& one : replicas) {
      for (const auto& entry : one->turns.waiting) {
        if (!entry.watching || one->dirty || entry.until <= clock.now()) {
          ready.emplace_back(one.get(), entry.timer);
          if (one->waits_since == SteadyTime{}) one->waits_since = clock.now();
          overdue = overdue || clock.now() - one->waits_since > 4min;
        } else {
          next = std::min(next, entry.until);
        }
      }
    }
    if (ready.empty()) {
      REQUIRE(next != SteadyTime::max());
      clock.advance(next - clock.now());
    } else if (!overdue && chance(0.1)) {
      clock.advance(std::chrono::seconds(std::uniform_int_distribution<int>(0, 120)(random)));
    } else {
      std::size_t which = std::uniform_int_distribution<std::size_t>(0, ready.size() - 1)(random);
      if (overdue)
        for (which = 0; clock.now() - ready[which].first->waits_since <= 4min;)
          ++which;
      auto [replica, timer] = ready[which];
      replica->waits_since = SteadyTime{};
      if (replica->turns.waiting.front().watching) replica->dirty = false;
      timer->cancel();
    }
    settle();
    check();
  }

  // Every API server, however late within the overlap, accepts what every replica serves.
  void check() {
    std::erase_if(bundles, [this](const auto& one) {
      return one.replaced != SteadyTime::max() && one.replaced + options.settings.overlap <= clock.now();
    });
    for (const auto& one : replicas) {
      if (!one->served) continue;
      for (const auto& bundle : bundles)
        REQUIRE(verified(one->served->certificate_pem, bundle.pem));
    }
  }

  bool verified(const std::string& leaf, const std::string& bundle) {
    const auto now = to_time(clock.wall());
    auto [found, added] = known.try_emplace({leaf, bundle}, false);
    if (added) found->second = verify(leaf, bundle, test::kServiceName, now).has_value();
    return found->second && now < parse_certificates(leaf).list.front().not_after;
  }

  std::minstd_rand random;
  Rotator::Options options;
  test::ManualClock clock;
  test::CaptureLog log;
  test::Api api;
  SteadyTime first_published = SteadyTime::max();
  std::vector<BundleVersion> bundles = {BundleVersion{}};
  std::map<std::pair<std::string, std::string>, bool> known;
  net::asio::io_context io;
  std::vector<std::unique_ptr<Replica>> replicas;
};

Replica::Replica(Cluster& cluster, Rotator::Options options)
    : turns(cluster.io.get_executor()),
      store(cluster.api, &turns),
      rotator(store, cluster.clock, cluster.log.logger(), metrics, std::move(options),
              Rotator::Hooks{[this](const std::string& certificate, const std::string& key) -> Result<void> {
                               served = KeyPair{certificate, key};
                               return {};
                             },
                             [](bool) {}}) {}

Rotator::Options options_for_tests() {
  Rotator::Options out;
  out.settings.names = {test::kServiceName};
  out.settings.serving_life = days(30);
  out.settings.ca_life = days(90);
  out.service = test::kService;
  out.poll = 24h;
  return out;
}

// k8s-digester 0.1.16: one RSA CA of its own in the Secret, and that alone in the bundle.
struct Rival {
  test::Api& api;
  test::ManualClock& clock;
  int writes = 0;

  void reconcile() {
    const auto now = to_time(clock.wall());
    const auto cas = parse_certificates(api.secret.ca_crt).list;
    const bool good = !cas.empty() && api.secret.ca_key.starts_with("-----BEGIN RSA PRIVATE KEY-----") &&
                      key_fits(api.secret.ca_crt, api.secret.ca_key) &&
                      cas.front().dns_names == std::vector<std::string>{"digester-ca"} &&
                      cas.front().valid_at(now + days(90));
    if (!good) {
      const auto own = test::ForeignRsa(now).secret(test::kServiceName);
      auto all = api.secret;
      all.ca_crt = own.ca_crt;
      all.ca_key = own.ca_key;
      all.tls_crt = own.tls_crt;
      all.tls_key = own.tls_key;
      ++writes;
      api.put_secret(all);
    }
    if (api.bundle == api.secret.ca_crt) return;
    ++writes;
    api.put_bundle(api.secret.ca_crt);
  }
};

struct Fight {
  test::Api api;
  test::MemoryStore store{api};
  test::ManualClock clock;
  test::CaptureLog log;
  Metrics metrics;
  net::asio::io_context io;
  std::optional<KeyPair> served;
  Rival rival{api, clock};
  Rotator rotator{store, clock, log.logger(), metrics, options(), hooks()};

  static Rotator::Options options() {
    Rotator::Options out;
    out.settings.names = {test::kServiceName};
    out.service = test::kService;
    out.poll = 6h;
    return out;
  }
  Rotator::Hooks hooks() {
    return {[this](const std::string& certificate, const std::string& key) -> Result<void> {
              served = KeyPair{certificate, key};
              return {};
            },
            [](bool) {}};
  }
  int our_writes() const { return api.secret_writes + api.patches; }

  // Both look whenever something has changed.
  void live(Duration time) {
    const auto end = clock.now() + time;
    while (clock.now() < end) {
      const int versions = api.secret_version + api.configuration_version;
      const auto until = test::run_task(io, [this] { return rotator.pass(); });
      rival.reconcile();
      const bool quiet = versions == api.secret_version + api.configuration_version;
      clock.advance(quiet ? until - clock.now() : Duration(20ms));
    }
  }
};

}  // namespace

TEST_CASE("at every moment the bundle verifies what every replica serves, however late an API server is") {
  const auto seed = GENERATE(1U, 2U);
  Cluster cluster(seed);
  cluster.options = options_for_tests();
  for (int i = 0; i < 3; ++i)
    cluster.start();
  const auto end = cluster.clock.now() + days(150);
  std::set<std::string> cas;
  while (cluster.clock.now() < end) {
    cluster.step();
    cas.insert(cluster.api.secret.ca_crt);
    if (cluster.chance(0.003)) {  // a Pod is replaced
      cluster.replicas.front()->stop.emit(net::asio::cancellation_type::terminal);
      cluster.settle();
      cluster.start();
    }
  }
  cas.erase("");
  CHECK(cas.size() >= 3);
  CHECK(cluster.api.conflicts > 0);
  CHECK(cluster.api.secret_writes < 40);
  CHECK(cluster.api.patches < 20);
  CHECK(cluster.log.text().find(R"("level":"error")") == std::string::npos);
}

TEST_CASE("a rival that replaces our Secret by its own is followed, not fought") {
  Fight fight;
  fight.live(1s);
  CHECK(fight.rival.writes == 2);
  CHECK(fight.our_writes() <= 4);
  const int before = fight.our_writes();
  fight.live(days(60));
  CHECK(fight.our_writes() == before);
  CHECK(fight.rival.writes == 2);
  REQUIRE(fight.served);
  CHECK(fight.served->certificate_pem == fight.api.secret.tls_crt);
  CHECK(parse_certificates(fight.api.secret.ca_crt).list.at(0).key_type == KeyType::rsa);
}

TEST_CASE("a rival that takes our next CA out of the bundle wins") {
  Fight fight;
  fight.api.put_secret(test::ForeignRsa(to_time(fight.clock.wall())).secret(test::kServiceName));
  fight.api.put_bundle(fight.api.secret.ca_crt);
  fight.clock.advance(days(2440));  // two thirds of ten years
  fight.live(days(20));
  const int writes = fight.our_writes();
  CHECK(writes > 3);  // it was tried
  CHECK(writes < 20 * 6 + 30);
  CHECK(fight.log.text().find("theirs is left alone") != std::string::npos);
  REQUIRE(fight.served);
  CHECK(verify(fight.served->certificate_pem, fight.api.bundle, test::kServiceName,
               to_time(fight.clock.wall())));
  CHECK(parse_certificates(fight.api.bundle).list.size() == 1);
  INFO("writes " << writes);
}
