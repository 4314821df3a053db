// How much of a host is left alone when it says "later".
#include <catch2/catch.hpp>

#include "registry/client/throttle.hpp"
#include "support/manual_clock.hpp"

using namespace digester;
using namespace std::chrono_literals;
using registry::Throttle;

namespace {

struct Told {
  void later(const std::string& path, Duration wait = 60s) {
    throttle.close("host", path, ErrorKind::rate_limited, wait);
  }
  bool closed(const std::string& path) { return throttle.closed("host", path).has_value(); }

  test::ManualClock clock;
  Throttle throttle{clock, [] { return 0.0; }, 15min, 8};
};

}  // namespace

TEST_CASE("one repository that is told to wait holds up no other") {
  Told told;
  told.later("dead/x");
  CHECK(told.closed("dead/x"));
  CHECK_FALSE(told.closed("dead/y"));
  CHECK_FALSE(told.closed("team/web"));
  CHECK_FALSE(told.throttle.closed("other host", "dead/x"));
  told.later("dead/x");
  CHECK_FALSE(told.closed("dead/y"));
}

TEST_CASE("a second one closes the folder that holds both, and no more") {
  Told told;
  told.later("dead/a/x");
  told.later("dead/a/y");
  CHECK(told.closed("dead/a/z"));
  CHECK_FALSE(told.closed("dead/b/x"));
  CHECK_FALSE(told.closed("team/web"));
  CHECK_FALSE(told.closed("deadly/a/x"));
  told.later("dead/c");
  CHECK(told.closed("dead/b/x"));
  CHECK_FALSE(told.closed("team/web"));
  told.later("team/api");
  CHECK(told.closed("team/web"));
  CHECK(told.closed("anything"));
}

TEST_CASE("two repositories without a folder close the host") {
  Told told;
  told.later("app");
  told.later("other");
  CHECK(told.closed("third"));
}

TEST_CASE("a folder is closed while both still wait") {
  Told told;
  told.later("app", 60s);
  told.clock.advance(50s);
  told.later("other", 60s);
  CHECK(told.throttle.closed("host", "third")->wait == 10s);
  CHECK(told.throttle.closed("host", "other")->wait == 60s);
  told.clock.advance(10s);
  CHECK_FALSE(told.closed("third"));
  CHECK_FALSE(told.closed("app"));
  CHECK(told.closed("other"));
}

TEST_CASE("a repository that is answered meanwhile speaks for the folders that it is in") {
  Told told;
  told.later("dead/x");
  const auto before = told.clock.now();
  told.clock.advance(1s);
  told.throttle.answered("host", "team/web", told.clock.now());
  told.later("evil/y");
  told.throttle.answered("host", "team/api", before);  // asked before: says nothing of it
  CHECK_FALSE(told.closed("team/web"));
  CHECK(told.closed("dead/x"));
  told.later("dead/z");
  CHECK(told.closed("dead/anything"));
  CHECK(told.closed("team/web"));  // dead/z and evil/y, neither answered since
}

TEST_CASE("a repository that is answered again waits no longer") {
  Told told;
  told.later("app");
  told.throttle.answered("host", "app", told.clock.now());
  CHECK_FALSE(told.closed("app"));
}

TEST_CASE("ten thousand repositories that are told to wait fill no memory") {
  Told told;
  for (int i = 0; i < 10'000; ++i)
    told.later("dead/x" + std::to_string(i), Duration(1s) * (i + 1));
  CHECK(told.closed("dead/x9999"));
  CHECK(told.closed("dead/x1"));  // the folder
  CHECK_FALSE(told.closed("team/web"));
}
