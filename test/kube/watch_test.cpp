// Lists and watches, servers that forget, cut and hang, and stopping.
#include "kube/watch.hpp"

#include <catch2/catch.hpp>

#include "kube/watch_fixture.hpp"

using namespace digester;
using namespace digester::test;

TEST_CASE("a collection is listed page by page, then watched from the list's version") {
  WatchFixture f({{send(list(7, {"a", "b"}, "to+ken/="))},
                  {send(list(7, {"c"}))},
                  {send(kHead), send(chunk(event("ADDED", "d", 8) + event("MODIFIED", "a", 9))),
                   send(chunk(event("DELETED", "b", 10))), hang()}});
  CHECK(f.run("=abc synced +d +a -b") == "=abc synced +d +a -b");
  CHECK(f.most_at_once == 2);
  CHECK(f.watch->synced());
  CHECK(f.target_of(0) == kPods + "?limit=500");
  CHECK(f.target_of(1) == kPods + "?limit=500&continue=to%2Bken%2F%3D");
  CHECK(f.target_of(2) ==
        kPods + "?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=450");
  CHECK(f.log.lines().empty());
}

TEST_CASE("one object is watched by its name, and selectors are encoded") {
  WatchFixture f({{send(list(1, {}))}}, {kPods, "one", "app in (a,b)"});
  CHECK(f.run("= synced") == "= synced");
  CHECK(f.server.wait_for_requests(1));
  CHECK(f.target_of(0) ==
        kPods + "?fieldSelector=metadata.name%3Done&labelSelector=app%20in%20%28a%2Cb%29&limit=500");
}

TEST_CASE("a watch that ends goes on from the last event or bookmark") {
  WatchFixture f({{send(list(7, {}))},
                  {send(kHead + chunk(event("ADDED", "a", 8)) + kEnd)},
                  {send(kHead + chunk(event("BOOKMARK", "", 20)) + kEnd)},
                  {send(kHead + chunk(event("ADDED", "b", 21))), hang()}});
  CHECK(f.run("= synced +a +b") == "= synced +a +b");
  CHECK(contains(f.target_of(2), "resourceVersion=8&"));
  CHECK(contains(f.target_of(3), "resourceVersion=20&"));
  CHECK(f.waits == std::vector<Duration>{525ms, 1050ms});
}

TEST_CASE("a version that the server has forgotten means a new list, by status or by event") {
  const Script forgotten = GENERATE(Script{send(answer(410, status_body(410, "too old")))},
                                    Script{send(kHead + chunk(gone_event()) + kEnd)});
  WatchFixture f({{send(list(7, {"a"}))},
                  {send(kHead + chunk(event("BOOKMARK", "", 8)) + kEnd)},
                  forgotten,
                  {send(list(30, {"b"}))},
                  {send(kHead + chunk(event("ADDED", "c", 31))), hang()}});
  CHECK(f.run("=a synced =b +c") == "=a synced =b +c");
  CHECK(f.target_of(3) == kPods + "?limit=500");
  CHECK(contains(f.target_of(4), "resourceVersion=30&"));
  CHECK(f.waits == std::vector<Duration>{525ms});
}

TEST_CASE("a stream that is cut in the middle of a line goes on from before it") {
  const auto line = event("ADDED", "b", 9);
  WatchFixture f({{send(list(7, {}))},
                  {send(kHead + chunk(event("ADDED", "a", 8) + line.substr(0, 30))), delay(10ms), reset()},
                  {send(kHead + chunk(line)), hang()}});
  CHECK(f.run("= synced +a !unreachable synced +b") == "= synced +a !unreachable synced +b");
  CHECK(contains(f.target_of(2), "resourceVersion=8&"));
  CHECK(f.waits.size() == 1);
}

TEST_CASE("events that drip in are put together") {
  WatchFixture f(
      {{send(list(7, {}))},
       {drip(kHead + chunk(event("ADDED", "a", 8)) + chunk(event("ADDED", "b", 9)), 9, 1ms), hang()}});
  CHECK(f.run("= synced +a +b") == "= synced +a +b");
}

TEST_CASE("a silent watch is made anew without a word, one that always fails is") {
  kube::WatchOptions options;
  options.silence = 60ms;
  options.settled = 50ms;
  WatchFixture f({{send(list(7, {}))},
                  {send(kHead + chunk(event("ADDED", "a", 8))), hang()},
                  {send(kHead + chunk(event("ADDED", "b", 9))), hang()}},
                 {kPods}, options);
  CHECK(f.run("= synced +a +b") == "= synced +a +b");
  CHECK(contains(f.target_of(2), "resourceVersion=8&"));
  CHECK(f.waits.empty());
}

TEST_CASE("a watch can be stopped at any word, from within, and says nothing more") {
  const std::string when =
      GENERATE(std::string("="), std::string("synced"), std::string("+a"), std::string("!unreachable"));
  const bool destroyed = GENERATE(false, true);
  WatchFixture f(
      {{send(list(7, {}))},
       {send(kHead + chunk(event("ADDED", "a", 8) + event("ADDED", "b", 9))), delay(5ms), reset()}});
  f.on_word = [&](const std::string& word) {
    if (word != when) return;
    if (destroyed)
      f.watch.reset();
    else
      f.watch->stop();
  };
  f.run("", 100ms);
  CHECK(f.said.ends_with(when));
  f.api.reset();
  CHECK(f.server.wait_until_idle());
}

TEST_CASE("a watch can be stopped from outside while it waits for anything, and leaves nothing behind") {
  const auto scripts = GENERATE(std::vector<Script>{{hang()}},                                     // the list
                                std::vector<Script>{{send(list(7, {}))}, {hang()}},                // the head
                                std::vector<Script>{{send(list(7, {}))}, {send(kHead), hang()}});  // events
  WatchFixture f(scripts);
  net::Timer timer(f.io.get_executor(), 50ms);
  timer.async_wait([&](boost::system::error_code) { f.watch.reset(); });
  f.run("never", 100ms);
  CHECK_FALSE(contains(f.said, "!"));
  f.api.reset();
  CHECK(f.server.wait_until_idle());
}

TEST_CASE("a loop that ends with a watch under way frees everything") {
  WatchFixture f({{send(list(7, {}))}, {send(kHead), hang()}});
  CHECK(f.run("= synced") == "= synced");
}
