// Lists and watches against servers that forget, cut, hang and lie.
#include "kube/watch.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <deque>

#include "kube/fixture.hpp"
#include "support/scripted_server.hpp"

using namespace digester;
using namespace digester::test;

namespace {

const std::string kPods = "/api/v1/namespaces/x/pods";
const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kEnd = "0\r\n\r\n";

std::string chunk(const std::string& text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

std::string object(const std::string& name, int version) {
  return fmt::format(R"({{"metadata":{{"name":"{}","resourceVersion":"{}"}}}})", name, version);
}

std::string event(const std::string& type, const std::string& name, int version) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object(name, version));
}

std::string gone_event() {
  return R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
         "\n";
}

std::string list(int version, const std::vector<std::string>& names, const std::string& next = {}) {
  std::string items;
  for (const auto& name : names)
    items += (items.empty() ? "" : ",") + object(name, 1);
  return answer(200, fmt::format(R"({{"metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})",
                                 version, next, items));
}

std::string names_of(std::span<const json::Value> objects) {
  std::string out;
  for (const auto each : objects)
    out += std::string(each.at({"metadata", "name"}).string_or("?"));
  return out;
}

// Plays a script for each request, in order; then hangs. Everything reported is one word.
struct Fixture final : kube::WatchObserver {
  explicit Fixture(std::vector<Script> played, kube::WatchTarget what = {kPods}, kube::WatchOptions with = {})
      : scripts(played.begin(), played.end()), target(std::move(what)), options(std::move(with)) {
    server.set_reactor([this](const RecordedRequest&) -> Script {
      if (scripts.empty()) return {send(kHead), hang()};
      auto next = std::move(scripts.front());
      scripts.pop_front();
      return next;
    });
    hooks.random = [] { return 0.5; };
    hooks.sleep = [this](Duration wait) { return nap(wait); };
    auto config = api_config("http://" + server.address());
    kube::ApiOptions limits;
    limits.retries = 0;
    limits.body_limit = 100'000;
    api = kube::create_api_client(io, config, clock, log.logger(), limits);
  }
  ~Fixture() override {
    watch.reset();
    api.reset();
    io.restart();
    io.run_for(1s);
  }

  net::Task<> nap(Duration wait) {
    waits.push_back(wait);
    const auto executor = co_await net::asio::this_coro::executor;
    net::Timer timer(executor, 1ms);
    co_await timer.async_wait(net::use_task);
  }

  void replaced(std::span<const json::Value> objects) override { say("=" + names_of(objects)); }
  void applied(json::Value object) override {
    say("+" + std::string(object.at({"metadata", "name"}).string_or("?")));
    if (throws) throw std::runtime_error("not taken");
  }
  void deleted(json::Value object) override {
    say("-" + std::string(object.at({"metadata", "name"}).string_or("?")));
  }
  void synced() override { say("synced"); }
  void failing(const Error& error) override {
    last = error;
    say("!" + std::string(to_string(error.kind)));
  }
  void say(const std::string& word) {
    said += (said.empty() ? "" : " ") + word;
    if (on_word) on_word(word);
    if (said == until) io.stop();
  }

  // Until this was said, or for at most two seconds; what was said.
  std::string run(const std::string& expected, std::chrono::milliseconds limit = 2s) {
    until = expected;
    watch.emplace(io, *api, target, *this, clock, log.logger(), options, hooks);
    watch->start();
    io.run_for(limit);
    return said;
  }
  std::string target_of(std::size_t request) const { return server.requests().at(request).target(); }

  SystemClock clock;
  CaptureLog log{Level::info};
  ScriptedServer server;
  std::deque<Script> scripts;
  net::asio::io_context io{1};
  std::unique_ptr<kube::ApiClient> api;
  kube::WatchTarget target;
  kube::WatchOptions options;
  kube::ApiHooks hooks;
  std::string said;
  std::string until;
  Error last;
  bool throws = false;
  std::function<void(const std::string&)> on_word;
  std::vector<Duration> waits;
  std::optional<kube::Watch> watch;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a collection is listed page by page, then watched from the list's version") {
  Fixture f({{send(list(7, {"a", "b"}, "to+ken/="))},
             {send(list(7, {"c"}))},
             {send(kHead), send(chunk(event("ADDED", "d", 8) + event("MODIFIED", "a", 9))),
              send(chunk(event("DELETED", "b", 10))), hang()}});
  CHECK(f.run("=abc synced +d +a -b") == "=abc synced +d +a -b");
  CHECK(f.watch->synced());
  CHECK(f.target_of(0) == kPods + "?limit=500");
  CHECK(f.target_of(1) == kPods + "?limit=500&continue=to%2Bken%2F%3D");
  CHECK(f.target_of(2) ==
        kPods + "?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=450");
  CHECK(f.log.lines().empty());
}

TEST_CASE("one object is watched by its name, and selectors are encoded") {
  Fixture f({{send(list(1, {}))}}, {kPods, "one", "app in (a,b)"});
  CHECK(f.run("= synced") == "= synced");
  CHECK(f.server.wait_for_requests(1));
  CHECK(f.target_of(0) ==
        kPods + "?fieldSelector=metadata.name%3Done&labelSelector=app%20in%20%28a%2Cb%29&limit=500");
}

TEST_CASE("a watch that ends goes on from the last event or bookmark") {
  Fixture f({{send(list(7, {}))},
             {send(kHead + chunk(event("ADDED", "a", 8)) + kEnd)},
             {send(kHead + chunk(event("BOOKMARK", "", 20)) + kEnd)},
             {send(kHead + chunk(event("ADDED", "b", 21))), hang()}});
  CHECK(f.run("= synced +a +b") == "= synced +a +b");
  CHECK(contains(f.target_of(2), "resourceVersion=8&"));
  CHECK(contains(f.target_of(3), "resourceVersion=20&"));
  CHECK(f.waits.empty());
}

TEST_CASE("a version that the server has forgotten means a new list, by status or by event") {
  const Script forgotten = GENERATE(Script{send(answer(410, status_body(410, "too old")))},
                                    Script{send(kHead + chunk(gone_event()) + kEnd)});
  Fixture f({{send(list(7, {"a"}))},
             {send(kHead + chunk(event("BOOKMARK", "", 8)) + kEnd)},
             forgotten,
             {send(list(30, {"b"}))},
             {send(kHead + chunk(event("ADDED", "c", 31))), hang()}});
  CHECK(f.run("=a synced =b +c") == "=a synced =b +c");
  CHECK(f.target_of(3) == kPods + "?limit=500");
  CHECK(contains(f.target_of(4), "resourceVersion=30&"));
  CHECK(f.waits.empty());
}

TEST_CASE("a server that forgets what it has just listed is not asked in a tight loop") {
  Fixture f({{send(list(7, {}))},
             {send(answer(410))},
             {send(list(8, {}))},
             {send(kHead + chunk(gone_event()) + kEnd)},
             {send(list(9, {}))}});
  const std::string expected = "= synced !not_found = synced !not_found = synced";
  CHECK(f.run(expected) == expected);
  REQUIRE(f.waits.size() == 2);
  CHECK(f.waits[1] == 2 * f.waits[0]);
}

TEST_CASE("a stream that is cut in the middle of a line goes on from before it") {
  const auto line = event("ADDED", "b", 9);
  Fixture f({{send(list(7, {}))},
             {send(kHead + chunk(event("ADDED", "a", 8) + line.substr(0, 30))), delay(10ms), reset()},
             {send(kHead + chunk(line)), hang()}});
  CHECK(f.run("= synced +a !unreachable synced +b") == "= synced +a !unreachable synced +b");
  CHECK(contains(f.target_of(2), "resourceVersion=8&"));
  CHECK(f.waits.size() == 1);
}

TEST_CASE("events that drip in are put together") {
  Fixture f({{send(list(7, {}))},
             {drip(kHead + chunk(event("ADDED", "a", 8)) + chunk(event("ADDED", "b", 9)), 9, 1ms), hang()}});
  CHECK(f.run("= synced +a +b") == "= synced +a +b");
}

TEST_CASE("a silent watch is made anew without a word, one that always fails is") {
  kube::WatchOptions options;
  options.silence = 60ms;
  options.settled = 50ms;
  Fixture f({{send(list(7, {}))},
             {send(kHead + chunk(event("ADDED", "a", 8))), hang()},
             {send(kHead + chunk(event("ADDED", "b", 9))), hang()}},
            {kPods}, options);
  CHECK(f.run("= synced +a +b") == "= synced +a +b");
  CHECK(contains(f.target_of(2), "resourceVersion=8&"));
  CHECK(f.waits.empty());
}

TEST_CASE("failures are waited out longer and longer, logged once, and the end of them is logged too") {
  std::vector<Script> scripts(8, Script{send(answer(403, status_body(403, "pods is forbidden")))});
  scripts.push_back({send(list(7, {"a"}))});
  Fixture f(scripts);
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

TEST_CASE("a server that says how long to wait is heard") {
  Fixture f({{send(answer(429, "", {{"Retry-After", "9"}}))}, {send(list(7, {}))}});
  CHECK(f.run("!rate_limited = synced") == "!rate_limited = synced");
  REQUIRE(f.waits.size() == 1);
  CHECK(f.waits[0] > 9s);
}

TEST_CASE("a watch that ends as soon as it begins is a failure, whatever it says") {
  Fixture f({{send(list(7, {}))}, {send(kHead + kEnd)}, {send(answer(200))}, {send(kHead), hang()}});
  const std::string expected = "= synced !unavailable synced !unavailable synced";
  CHECK(f.run(expected) == expected);
  CHECK(contains(f.target_of(3), "resourceVersion=7&"));
}

TEST_CASE("what is no event, or is too large, means a new list") {
  kube::WatchOptions options;
  options.event_bytes = 1000;
  const std::string bad = GENERATE(std::string("{\"type\":\n"), std::string(2000, 'x'));
  Fixture f({{send(list(7, {}))},
             {send(kHead + chunk(event("ADDED", "a", 8) + bad)), hang()},
             {send(list(9, {"b"}))}},
            {kPods}, options);
  const std::string kind = bad.size() > 1000 ? "!too_large" : "!protocol";
  const std::string expected = "= synced +a " + kind + " =b synced";
  CHECK(f.run(expected) == expected);
}

TEST_CASE("a page over the limit is asked for with fewer objects") {
  Fixture f({{send(answer(200, std::string(200'000, ' ')))}, {send(list(7, {"a"}))}});
  CHECK(f.run("=a synced") == "=a synced");
  CHECK(f.target_of(1) == kPods + "?limit=100");
  CHECK(f.waits.empty());
}

TEST_CASE("what is no list is a protocol error") {
  const std::string body = GENERATE(std::string("<html>"), std::string("{}"),
                                    std::string(R"({"metadata":{"resourceVersion":""},"items":[]})"),
                                    std::string(R"({"metadata":{"resourceVersion":"1"},"items":{}})"));
  Fixture f({{send(answer(200, body))}, {send(list(7, {}))}});
  CHECK(f.run("!protocol = synced") == "!protocol = synced");
}

TEST_CASE("the same page for ever, and more than fits, are ended") {
  SECTION("the same page") {
    Fixture f({{send(list(7, {}, "t"))}, {send(list(7, {}, "t"))}});
    CHECK(f.run("!protocol") == "!protocol");
  }
  SECTION("too much") {
    kube::WatchOptions options;
    options.list.bytes = 100;
    Fixture f({{send(list(7, {"a"}, "t"))}, {send(list(7, {"b"}, "u"))}}, {kPods}, options);
    CHECK(f.run("!too_large") == "!too_large");
  }
}

TEST_CASE("an observer that throws gets a new list after a pause") {
  Fixture f(
      {{send(list(7, {}))}, {send(kHead + chunk(event("ADDED", "a", 8))), hang()}, {send(list(9, {"a"}))}});
  f.throws = true;
  CHECK(f.run("= synced +a !internal =a synced") == "= synced +a !internal =a synced");
  CHECK(f.last.detail == "not taken");
}

TEST_CASE("a watch can be stopped at any word, from within, and says nothing more") {
  const std::string when =
      GENERATE(std::string("="), std::string("synced"), std::string("+a"), std::string("!unreachable"));
  const bool destroyed = GENERATE(false, true);
  Fixture f({{send(list(7, {}))},
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
  Fixture f(scripts);
  net::Timer timer(f.io.get_executor(), 50ms);
  timer.async_wait([&](boost::system::error_code) { f.watch.reset(); });
  f.run("never", 100ms);
  CHECK_FALSE(contains(f.said, "!"));
  f.api.reset();
  CHECK(f.server.wait_until_idle());
}

TEST_CASE("a loop that ends with a watch under way frees everything") {
  Fixture f({{send(list(7, {}))}, {send(kHead), hang()}});
  CHECK(f.run("= synced") == "= synced");
}
