// Watches of servers that refuse, lie, or say too much.
#include "kube/watch.hpp"

#include <catch2/catch.hpp>

#include "kube/watch_fixture.hpp"

using namespace digester;
using namespace digester::test;

TEST_CASE("a server that forgets what it has just listed is not asked in a tight loop") {
  WatchFixture f({{send(list(7, {}))},
                  {send(answer(410))},
                  {send(list(8, {}))},
                  {send(kHead + chunk(gone_event()) + kEnd)},
                  {send(list(9, {}))}});
  const std::string expected = "= synced !not_found = synced !not_found = synced";
  CHECK(f.run(expected) == expected);
  REQUIRE(f.waits.size() == 2);
  CHECK(f.waits[1] == 2 * f.waits[0]);
}

TEST_CASE("failures are waited out longer and longer, logged once, and the end of them is logged too") {
  std::vector<Script> scripts(8, Script{send(answer(403, status_body(403, "pods is forbidden")))});
  scripts.push_back({send(list(7, {"a"}))});
  WatchFixture f(scripts);
  std::string expected;
  for (int i = 0; i < 8; ++i)
    expected += "!forbidden ";
  expected += "=a synced";
  CHECK(f.run(expected) == expected);
  REQUIRE(f.waits.size() == 8);
  CHECK(f.waits[0] == 375ms);
  CHECK(f.waits[1] == 750ms);
  CHECK(f.waits[7] == 22500ms);
  const auto lines = f.log.lines();
  REQUIRE(lines.size() == 2);
  CHECK(contains(lines[0], "does not let us list pods"));
  CHECK(contains(lines[1], "works again"));
  CHECK_FALSE(contains(f.log.text(), "s3cret"));
}

TEST_CASE("a server that is gone for long is found soon after it is back, and may refuse at first") {
  std::vector<Script> scripts(8, Script{reset()});
  scripts.push_back({send(answer(403, status_body(403, "pods is forbidden")))});
  scripts.push_back({send(list(7, {"a"}))});
  WatchFixture f(scripts);
  std::string expected;
  for (int i = 0; i < 8; ++i)
    expected += "!unreachable ";
  expected += "!forbidden =a synced";
  CHECK(f.run(expected) == expected);
  REQUIRE(f.waits.size() == 9);
  CHECK(f.waits[0] == 375ms);
  CHECK(f.waits[7] == 3750ms);
  CHECK(f.waits[8] == 375ms);
}

TEST_CASE("a server that says how long to wait is heard") {
  WatchFixture f({{send(answer(429, "", {{"Retry-After", "9"}}))}, {send(list(7, {}))}});
  CHECK(f.run("!rate_limited = synced") == "!rate_limited = synced");
  REQUIRE(f.waits.size() == 1);
  CHECK(f.waits[0] > 9s);
}

TEST_CASE("a server that wants to be left alone for an hour is asked again after half a minute") {
  const auto answered =
      GENERATE(answer(429, "", {{"Retry-After", "3600"}}), answer(429, status_body(429, "later", 3600)));
  WatchFixture f({{send(list(7, {}))}, {send(answered)}, {send(kHead), hang()}});
  CHECK(f.run("= synced !rate_limited synced") == "= synced !rate_limited synced");
  REQUIRE(f.waits.size() == 1);
  CHECK(f.waits[0] >= 30s);
  CHECK(f.waits[0] <= 33s);
}

TEST_CASE(
    "watches that bring something and end at once are further and further apart, one that holds ends that") {
  const std::string ending = GENERATE(std::string(), gone_event());
  const bool forgets = !ending.empty();
  std::vector<Script> scripts;
  for (int i = 0; i < 9; ++i) {
    if (i == 0 || forgets) scripts.push_back({send(list(7, {}))});
    scripts.push_back({send(kHead + chunk(event("BOOKMARK", "", 8) + ending) + kEnd)});
  }
  if (forgets) scripts.push_back({send(list(7, {}))});
  scripts.push_back({send(kHead + chunk(event("ADDED", "a", 9))), delay(400ms), send(kEnd)});
  scripts.push_back({send(kHead + chunk(event("ADDED", "b", 10)) + kEnd)});
  scripts.push_back({send(kHead + chunk(event("ADDED", "c", 11))), hang()});
  kube::WatchOptions options;
  options.settled = 200ms;
  WatchFixture f(scripts, {kPods}, options);
  f.on_word = [&](const std::string& word) {
    if (word == "+c") f.io.stop();
  };
  f.run("never", 10s);
  CHECK(contains(f.said, "+a"));
  CHECK(contains(f.said, "+c"));
  CHECK_FALSE(contains(f.said, "!"));
  REQUIRE(f.waits.size() == 10);
  CHECK(f.waits[0] == 525ms);
  CHECK(f.waits[1] == 1050ms);
  CHECK(f.waits[7] == 31500ms);
  CHECK(f.waits[9] == 525ms);
  REQUIRE(f.log.lines().size() == 1);
  CHECK(contains(f.log.lines()[0], "end soon after they began"));
}

TEST_CASE("a watch that ends as soon as it begins is a failure, whatever it says") {
  WatchFixture f({{send(list(7, {}))}, {send(kHead + kEnd)}, {send(answer(200))}, {send(kHead), hang()}});
  const std::string expected = "= synced !unavailable synced !unavailable synced";
  CHECK(f.run(expected) == expected);
  CHECK(contains(f.target_of(3), "resourceVersion=7&"));
}

TEST_CASE("what is no event, or is too large, means a new list") {
  kube::WatchOptions options;
  options.event_bytes = 1000;
  const std::string bad = GENERATE(std::string("{\"type\":\n"), std::string(2000, 'x'));
  WatchFixture f({{send(list(7, {}))},
                  {send(kHead + chunk(event("ADDED", "a", 8) + bad)), hang()},
                  {send(list(9, {"b"}))}},
                 {kPods}, options);
  const std::string kind = bad.size() > 1000 ? "!too_large" : "!protocol";
  const std::string expected = "= synced +a " + kind + " =b synced";
  CHECK(f.run(expected) == expected);
}

TEST_CASE("a page over the limit is asked for with fewer objects") {
  WatchFixture f({{send(answer(200, std::string(200'000, ' ')))}, {send(list(7, {"a"}))}});
  CHECK(f.run("=a synced") == "=a synced");
  CHECK(f.target_of(1) == kPods + "?limit=100");
  CHECK(f.waits.empty());
}

TEST_CASE("what is no list is a protocol error") {
  const std::string body = GENERATE(std::string("<html>"), std::string("{}"),
                                    std::string(R"({"metadata":{"resourceVersion":""},"items":[]})"),
                                    std::string(R"({"metadata":{"resourceVersion":"1"},"items":{}})"));
  WatchFixture f({{send(answer(200, body))}, {send(list(7, {}))}});
  CHECK(f.run("!protocol = synced") == "!protocol = synced");
}

TEST_CASE("the same page for ever, and more than fits, are ended") {
  SECTION("the same page") {
    WatchFixture f({{send(list(7, {}, "t"))}, {send(list(7, {}, "t"))}});
    CHECK(f.run("!protocol") == "!protocol");
  }
  SECTION("ever new pages, with something in them and without") {
    const bool empty = GENERATE(false, true);
    kube::WatchOptions options;
    (empty ? options.list.empty_pages : options.list.pages) = 3;
    std::vector<Script> scripts;
    for (const auto* token : {"t", "u", "v", "w"})
      scripts.push_back(
          {send(list(7, empty ? std::vector<std::string>{} : std::vector<std::string>{"a"}, token))});
    WatchFixture f(scripts, {kPods}, options);
    CHECK(f.run("!too_large") == "!too_large");
    CHECK(f.last.message == "the Kubernetes API's list has not ended after 3 pages, " +
                                std::string(empty ? "3" : "0") + " of them empty");
    CHECK(f.server.requests().size() == 3);
  }
  SECTION("what was listed before a list broke off is forgotten") {
    WatchFixture f({{send(list(7, {"a"}, "t"))}, {send(answer(500))}, {send(list(8, {"b"}))}});
    CHECK(f.run("!unavailable =b synced") == "!unavailable =b synced");
  }
  SECTION("too much") {
    kube::WatchOptions options;
    options.list.bytes = 100;
    WatchFixture f({{send(list(7, {"a"}, "t"))}, {send(list(7, {"b"}, "u"))}}, {kPods}, options);
    CHECK(f.run("!too_large") == "!too_large");
  }
}

TEST_CASE("an observer that throws gets a new list after a pause") {
  WatchFixture f(
      {{send(list(7, {}))}, {send(kHead + chunk(event("ADDED", "a", 8))), hang()}, {send(list(9, {"a"}))}});
  f.throws = true;
  CHECK(f.run("= synced +a !internal =a synced") == "= synced +a !internal =a synced");
  CHECK(f.last.detail == "not taken");
}
