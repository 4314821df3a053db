// A watch over a scripted API server, and what one says.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <functional>
#include <optional>

#include "kube/fixture.hpp"
#include "kube/watch.hpp"
#include "support/scripted_server.hpp"

namespace digester::test {

inline const std::string kPods = "/api/v1/namespaces/x/pods";
inline const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
inline const std::string kEnd = "0\r\n\r\n";

inline std::string chunk(const std::string& text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

inline std::string object(const std::string& name, int version) {
  return fmt::format(R"({{"metadata":{{"name":"{}","resourceVersion":"{}"}}}})", name, version);
}

inline std::string event(const std::string& type, const std::string& name, int version) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object(name, version));
}

inline std::string gone_event() {
  return R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
         "\n";
}

inline std::string list(int version, const std::vector<std::string>& names, const std::string& next = {}) {
  std::string items;
  for (const auto& name : names)
    items += (items.empty() ? "" : ",") + object(name, 1);
  return answer(200, fmt::format(R"({{"metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})",
                                 version, next, items));
}

inline std::string names_of(std::span<const json::Value> objects) {
  std::string out;
  for (const auto each : objects)
    out += std::string(each.at({"metadata", "name"}).string_or("?"));
  return out;
}

// Plays a script for each request, in order; then hangs. Everything reported is one word.
struct WatchFixture final : kube::WatchObserver {
  explicit WatchFixture(std::vector<Script> played, kube::WatchTarget what = {kPods},
                        kube::WatchOptions with = {})
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
  ~WatchFixture() override {
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

  void listed(std::span<const json::Value> objects, bool first) override {
    if (first) listing.clear();
    listing += names_of(objects);
    most_at_once = std::max(most_at_once, objects.size());
  }
  void replaced() override { say("=" + listing); }
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
  std::string listing;
  std::size_t most_at_once = 0;
  std::string said;
  std::string until;
  Error last;
  bool throws = false;
  std::function<void(const std::string&)> on_word;
  std::vector<Duration> waits;
  std::optional<kube::Watch> watch;
};

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace digester::test
