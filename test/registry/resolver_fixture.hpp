// A resolver whose registry and credentials are the test's.
#pragma once

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/metrics.hpp"
#include "registry/lookup.hpp"
#include "registry/resolver.hpp"
#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"

namespace digester::registry_test {

using credential::Credential;
namespace asio = net::asio;

inline image::Reference reference(const std::string& text) {
  return image::Reference::parse(text).value();
}
inline image::Digest digest(char digit) {
  return image::Digest::parse("sha256:" + std::string(64, digit)).value();
}
inline image::Digest digest(int number) {
  return image::Digest::parse(fmt::format("sha256:{:064x}", number)).value();
}
inline Credential user(const std::string& name) {
  return {Credential::Kind::basic, name, "secret", "fingerprint of " + name};
}
inline tl::unexpected<Error> refusal(ErrorKind kind, const std::string& message = "as scripted") {
  return fail(kind, message);
}

// Answers what `script` says; where it says nothing, the call waits for answer().
class FakeLookup final : public registry::Lookup {
 public:
  using Answer = Result<image::Digest>;
  struct Call {
    Call(image::Reference r, Credential c, SteadyTime d, net::Executor executor)
        : reference(std::move(r)), credential(std::move(c)), deadline(d), timer(executor) {}
    image::Reference reference;
    Credential credential;
    SteadyTime deadline;
    std::string tenant;
    net::Timer timer;
    std::optional<Answer> answer;
    bool ended = false;
  };

  net::Task<Answer> find(image::Reference reference, Credential credential, SteadyTime deadline,
                         std::string tenant) override {
    const auto executor = co_await asio::this_coro::executor;
    const auto call = std::make_shared<Call>(std::move(reference), std::move(credential), deadline, executor);
    call->tenant = std::move(tenant);
    calls.push_back(call);
    if (script) call->answer = script(call->reference, call->credential);
    if (!call->answer) {
      call->timer.expires_at(net::Timer::time_point::max());
      co_await call->timer.async_wait(net::use_task);
    }
    call->ended = true;
    if (!call->answer) co_return fail(ErrorKind::cancelled, "cancelled");
    co_return *call->answer;
  }

  void answer(std::size_t call, Answer answer) {
    calls.at(call)->answer = std::move(answer);
    calls.at(call)->timer.cancel();
  }

  std::deque<std::shared_ptr<Call>> calls;
  std::function<std::optional<Answer>(const image::Reference&, const Credential&)> script;
};

class FakeProvider final : public credential::Provider {
 public:
  std::string_view name() const override { return "fake"; }
  bool gather(const credential::Context& context, credential::Holdings& into) const override {
    ++gathered;
    if (needs_fetch) return false;
    if (const auto found = of_namespace.find(context.namespace_name); found != of_namespace.end())
      into.add(std::make_shared<const credential::LoginSet>(found->second));
    return true;
  }
  net::Task<Result<std::vector<Credential>>> fetch(const image::Reference&,
                                                   const credential::Context& context) override {
    ++fetches;
    const auto timer = std::make_shared<net::Timer>(co_await asio::this_coro::executor);
    timer->expires_after(fetch_takes);
    fetching.push_back(timer);
    co_await timer->async_wait(net::use_task);
    if (fetch_fails) co_return fail(ErrorKind::unavailable, "the API server is away");
    const auto found = of_namespace.find(context.namespace_name);
    co_return found == of_namespace.end() ? std::vector<Credential>() : found->second;
  }
  // Those under way are done now.
  void finish_fetches() {
    for (const auto& timer : std::exchange(fetching, {}))
      timer->cancel();
  }
  void refused(const Credential& credential) override { refused_users += credential.user + " "; }
  void unsatisfied(const credential::Context& context) override {
    unsatisfied_namespaces += context.namespace_name + " ";
  }

  std::map<std::string, std::vector<Credential>> of_namespace;
  bool needs_fetch = false;
  bool fetch_fails = false;
  Duration fetch_takes = std::chrono::milliseconds(1);
  int fetches = 0;
  mutable std::atomic<int> gathered = 0;
  std::vector<std::shared_ptr<net::Timer>> fetching;
  std::string refused_users;
  std::string unsatisfied_namespaces;
};

// What resolve() gave, once it has.
using Resolutions = std::vector<registry::Resolution>;
using Pending = std::shared_ptr<std::optional<Resolutions>>;

// Everything on one io_context that the test steps by hand; ages on a clock that it moves.
struct ResolverFixture {
  asio::io_context io{1};
  test::ManualClock clock;
  test::CaptureLog log;
  Metrics metrics;
  FakeLookup lookup;
  FakeProvider provider;
  registry::ResolverSettings settings;
  std::unique_ptr<registry::Resolver> made;

  ~ResolverFixture() {
    if (made) made->stop({});
    pump();
  }

  registry::Resolver& resolver() {
    if (!made) made = registry::create_resolver(io, lookup, provider, clock, settings, metrics, log.logger());
    return *made;
  }

  static registry::Query query(const std::string& image, registry::Freshness freshness,
                               const std::string& namespace_name = "") {
    registry::Query query{reference(image), {namespace_name, "", {}}, freshness};
    return query;
  }

  // All that is ready to run.
  void pump() {
    io.restart();
    io.poll();
  }
  // Timers included, for at most `limit`.
  template <typename F>
  bool pump_until(F done, Duration limit = std::chrono::seconds(3)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(5));
    }
    return done();
  }
  void pump_for(Duration time) {
    pump_until([] { return false; }, time);
  }

  Pending ask(std::vector<registry::Query> queries, Duration limit = std::chrono::seconds(5)) {
    auto pending = std::make_shared<std::optional<Resolutions>>();
    asio::co_spawn(io, resolver().resolve(std::move(queries), clock.now() + limit),
                   [pending](std::exception_ptr error, Resolutions resolutions) {
                     if (error) std::rethrow_exception(error);
                     *pending = std::move(resolutions);
                   });
    pump();
    return pending;
  }
  Pending ask(registry::Query query, Duration limit = std::chrono::seconds(5)) {
    return ask(std::vector<registry::Query>{std::move(query)}, limit);
  }
  Pending ask_cached(const std::string& image, const std::string& namespace_name = "") {
    return ask(query(image, registry::Freshness::cached, namespace_name));
  }
  Pending ask_current(const std::string& image, const std::string& namespace_name = "") {
    return ask(query(image, registry::Freshness::current, namespace_name));
  }

  // "registry 1…": source and the digest's first digit, or the error's kind; "" while waiting.
  static std::string show(const registry::Resolution& resolution) {
    return fmt::format("{} {}", image::to_string(resolution.source),
                       resolution.digest ? std::string(1, resolution.digest->hex().front())
                                         : std::string(to_string(resolution.digest.error().kind)));
  }
  static std::string show(const Pending& pending) {
    std::string all;
    if (*pending)
      for (const auto& resolution : **pending)
        all += (all.empty() ? "" : ", ") + show(resolution);
    return all;
  }
  double counter(const std::string& name, const Labels& labels = {}) {
    return metrics.counter(name, "", labels).Value();
  }
};

}  // namespace digester::registry_test
