#include "certificate/rotator/rotator.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "certificate/foreign.hpp"
#include "certificate/memory_store.hpp"
#include "certificate/world.hpp"
#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

using namespace digester;
using namespace digester::certificate;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

struct Fixture {
  explicit Fixture(Rotator::Options chosen = options())
      : rotator(store, clock, log.logger(), metrics, std::move(chosen), hooks()) {}

  test::Api api;
  test::MemoryStore store{api};
  test::ManualClock clock;
  test::CaptureLog log;
  Metrics metrics;
  net::asio::io_context io;
  std::vector<KeyPair> served;
  std::optional<Error> serve_error;
  int ready = 0;
  Rotator rotator;

  static Rotator::Options options() {
    Rotator::Options out;
    out.settings.names = {test::kServiceName};
    out.service = test::kService;
    return out;
  }
  Rotator::Hooks hooks() {
    Rotator::Hooks out;
    out.serve = [this](const std::string& certificate, const std::string& key) -> Result<void> {
      if (serve_error) return fail(Error(*serve_error));
      served.push_back(KeyPair{certificate, key});
      return {};
    };
    out.ready = [this](bool is) { ready += is ? 1 : 100; };
    return out;
  }
  Duration pass() {
    const auto until = test::run_task(io, [this] { return rotator.pass(); });
    return until - clock.now();
  }
  Time now() const { return to_time(clock.wall()); }
  bool has_metric(const std::string& line) const {
    return metrics.exposition().find(line) != std::string::npos;
  }
  static Error error(ErrorKind kind) {
    Error out;
    out.kind = kind;
    out.message = "the API says no";
    return out;
  }
};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

}  // namespace

TEST_CASE("the first pass creates, publishes, serves and is ready") {
  Fixture f;
  const auto wait = f.pass();
  CHECK(wait <= 5min);
  CHECK(wait >= 4min);
  CHECK(f.api.secret_writes == 1);
  CHECK(f.api.patches == 1);
  CHECK(f.api.bundle == f.api.secret.ca_crt);
  REQUIRE(f.served.size() == 1);
  CHECK(f.served[0] == KeyPair{f.api.secret.tls_crt, f.api.secret.tls_key});
  CHECK(f.ready == 1);
  CHECK(f.has_metric(R"(digester_certificate_changes_total{change="created"} 1)"));
  CHECK(f.has_metric("digester_certificate_bundle_patches_total 1"));
  CHECK(f.has_metric("digester_certificate_failing 0"));
  CHECK(f.has_metric("digester_tls_ca_not_after_timestamp_seconds 2"));
  CHECK(f.log.text().find(f.api.secret.tls_key.substr(40, 30)) == std::string::npos);
  f.pass();
  CHECK(f.api.secret_writes == 1);
  CHECK(f.api.patches == 1);
  CHECK(f.served.size() == 1);
  CHECK(f.ready == 1);
}

TEST_CASE("a valid Secret is served without a write") {
  Fixture f;
  f.api.put_secret(test::ForeignRsa(f.now()).secret(test::kServiceName));
  f.api.put_bundle(f.api.secret.ca_crt);
  f.pass();
  CHECK(f.api.secret_writes == 0);
  CHECK(f.api.patches == 0);
  CHECK(f.served.size() == 1);
  CHECK(f.ready == 1);
}

TEST_CASE("the bundle is put back when somebody removes it, and ready is not taken back") {
  Fixture f;
  f.pass();
  for (int i = 0; i < 10; ++i) {
    f.clock.advance(3min);
    f.pass();
    f.api.put_bundle("");
    f.pass();
    CHECK(f.api.bundle == f.api.secret.ca_crt);
  }
  CHECK(f.ready == 1);
}

TEST_CASE("a bundle that is broken and may not be mended is a metric, and ready is not taken back") {
  Fixture f;
  f.pass();
  CHECK(f.has_metric("digester_certificate_bundle_verified 1"));
  f.api.patch_error = Fixture::error(ErrorKind::forbidden);
  f.api.put_bundle("");
  f.pass();
  CHECK(f.has_metric("digester_certificate_bundle_verified 0"));
  CHECK(f.has_metric("digester_certificate_failing 1"));
  f.api.has_configuration = false;
  f.pass();
  CHECK(f.has_metric("digester_certificate_bundle_verified 1"));
  CHECK(f.ready == 1);
}

TEST_CASE("an API that fails is asked again later and later, and what is served stays") {
  Fixture f;
  f.pass();
  const auto kind = GENERATE(ErrorKind::unavailable, ErrorKind::forbidden, ErrorKind::unreachable);
  f.api.secret_read_error = Fixture::error(kind);
  f.log.clear();
  Duration last{};
  for (int i = 0; i < 12; ++i)
    last = f.pass();
  CHECK(last >= 150s);
  CHECK(last <= 5min);
  CHECK(f.served.size() == 1);
  CHECK(count(f.log.text(), R"("level":"error")") == 1);
  CHECK(f.has_metric("digester_certificate_failing 1"));
  f.api.secret_read_error.reset();
  CHECK(f.pass() >= 4min);
  CHECK(f.has_metric("digester_certificate_failing 0"));
}

TEST_CASE(
    "a certificate is served while the configuration cannot be read or written, and ready waits for it") {
  Fixture f;
  f.api.configuration_error = Fixture::error(ErrorKind::unavailable);
  CHECK(f.pass() <= 1s);
  CHECK(f.served.size() == 1);
  CHECK(f.ready == 0);
  f.api.configuration_error.reset();
  f.api.patch_error = Fixture::error(ErrorKind::forbidden);
  f.pass();
  CHECK(f.ready == 0);
  f.api.patch_error.reset();
  f.pass();
  CHECK(f.ready == 1);
}

TEST_CASE("without a configuration, or one that may be read, a certificate is enough") {
  Fixture f;
  if (GENERATE(true, false))
    f.api.has_configuration = false;
  else
    f.api.configuration_error = Fixture::error(ErrorKind::forbidden);
  f.pass();
  CHECK(f.served.size() == 1);
  CHECK(f.ready == 1);
  CHECK(f.api.patches == 0);
}

TEST_CASE("a Secret that cannot be written is served as long as it can be") {
  Fixture f;
  f.pass();
  f.api.secret_write_error = Fixture::error(ErrorKind::forbidden);
  f.clock.advance(days(300));
  CHECK(f.pass() <= 1s);
  CHECK(f.served.size() == 1);
  f.api.secret_write_error.reset();
  f.pass();
  CHECK(f.served.size() == 2);
  CHECK(f.api.patches == 1);
}

TEST_CASE("a pair that cannot be served is tried again, and said") {
  Fixture f;
  f.serve_error = Fixture::error(ErrorKind::invalid);
  f.pass();
  CHECK(f.ready == 0);
  CHECK(f.log.text().find("cannot be served") != std::string::npos);
  f.serve_error.reset();
  f.pass();
  CHECK(f.ready == 1);
}

TEST_CASE("a new pair waits for a bundle that verifies it") {
  Fixture f;
  f.pass();
  f.api.patch_error = Fixture::error(ErrorKind::unavailable);
  const test::ForeignRsa foreign(f.now());
  f.api.put_secret(foreign.secret(test::kServiceName));
  f.pass();
  CHECK(f.served.size() == 1);
  f.api.patch_error.reset();
  f.pass();
  CHECK(f.served.size() == 2);
  CHECK(f.api.bundle == foreign.ca_pem());
  // But one that nobody verifies is no better than another.
  f.api.patch_error = Fixture::error(ErrorKind::unavailable);
  f.api.put_secret(test::ForeignRsa(f.now()).secret(test::kServiceName));
  f.api.put_bundle("");
  f.pass();
  CHECK(f.served.size() == 3);
}

TEST_CASE("the API server's clock counts, and a clock that is set holds up a rotation") {
  Fixture f;
  f.pass();
  f.clock.jump_wall(days(4000));
  f.api.server_time = WallTime(f.clock.wall() - days(4000));
  f.pass();
  CHECK(f.api.secret_writes == 1);
  CHECK(f.log.text().find("the API server's counts") != std::string::npos);

  // The rotation begins by the true time; then the only clock there is jumps.
  f.clock.jump_wall(-days(4000));
  f.api.server_time.reset();
  f.clock.advance(days(2434));
  f.pass();
  REQUIRE(f.api.secret.next_published);
  const auto ca = f.api.secret.ca_crt;
  f.clock.jump_wall(2h);
  f.pass();
  CHECK(f.api.secret.ca_crt == ca);
  CHECK(f.log.text().find("the clock was set") != std::string::npos);
  f.clock.advance(59min);
  f.pass();
  CHECK(f.api.secret.ca_crt == ca);
  f.clock.advance(1min);
  f.pass();
  CHECK(f.api.secret.ca_crt != ca);
}

TEST_CASE("a Secret that somebody keeps breaking is repaired less and less often, and that is said once") {
  Fixture f;
  f.pass();
  f.log.clear();
  const int before = f.api.secret_writes;
  for (int second = 0; second < 3600; ++second) {
    if (f.rotator.is_ready() && f.api.secret.tls_crt != "rubbish") {
      auto broken = f.api.secret;
      broken.tls_crt = "rubbish";
      f.api.put_secret(broken);
    }
    f.clock.advance(1s);
    if (f.api.secret.tls_crt == "rubbish" && second % 10 == 0) f.pass();
  }
  CHECK(f.api.secret_writes - before < 25);
  CHECK(count(f.log.text(), "keeps breaking") == 1);
}

TEST_CASE(
    "lives of seconds are renewed and rotated in time, and our own changes of the bundle are no fight") {
  auto options = Fixture::options();
  options.settings.ca_life = 45s;
  options.settings.serving_life = 15s;
  options.settings.overlap = 4s;
  options.poll = 2s;
  Fixture f(options);
  std::set<std::string> cas;
  const auto end = f.clock.now() + 15min;
  while (f.clock.now() < end) {
    f.clock.advance(f.pass());
    cas.insert(f.api.secret.ca_crt);
    REQUIRE(verify(f.served.back().certificate_pem, f.api.bundle, test::kServiceName, f.now()));
  }
  CHECK(cas.size() >= 20);
  CHECK(f.served.size() >= 60);
  CHECK(f.has_metric("digester_certificate_changes_total{change=\"repaired\"} 0"));
  CHECK(f.log.text().find("somebody else") == std::string::npos);
}

TEST_CASE("what is wrong because we want something else by now, nobody has undone") {
  Rivalry rivalry;
  SteadyTime now{1h};
  for (int i = 0; i < 20; ++i) {
    rivalry.wish_changed(now);
    rivalry.observe(false, now);
    CHECK(rivalry.may_act(false, now));
    rivalry.observe(true, now);
    now += 1s;
  }
  rivalry.observe(false, now);
  CHECK_FALSE(rivalry.fighting());
}

TEST_CASE("a rivalry counts what is undone soon, and forgives") {
  Rivalry rivalry;
  SteadyTime now{1h};
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(rivalry.fighting());
    rivalry.observe(true, now);
    rivalry.observe(false, now);
    CHECK(rivalry.may_act(true, now) == (i < 3));
  }
  CHECK(rivalry.fighting());
  CHECK(rivalry.take_news());
  CHECK_FALSE(rivalry.take_news());
  CHECK(rivalry.not_before(true) == now + 2s);
  CHECK(rivalry.not_before(false) == now + 24h);
  for (int i = 0; i < 100; ++i) {
    rivalry.observe(true, now);
    rivalry.observe(false, now);
  }
  CHECK(rivalry.not_before(true) == now + 10min);
  rivalry.observe(true, now);
  now += 25h;
  rivalry.observe(true, now);
  CHECK_FALSE(rivalry.fighting());
  rivalry.observe(false, now);
  CHECK(rivalry.may_act(false, now));
}
