// What only several threads can show. Real time, short; meant for TSan and ASan as much as for itself.
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>
#include <mutex>
#include <random>
#include <thread>

#include "registry/resolver_fixture.hpp"

using namespace digester;
using namespace digester::registry_test;
using namespace std::chrono_literals;
using registry::Freshness;
using registry::Query;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kLookups = 20'000;
#else
constexpr int kLookups = 100'000;
#endif

// An event loop on a thread of its own, running until stopped.
class Loop {
 public:
  Loop() : guard_(io.get_executor()), thread_([this] { io.run(); }) {}
  ~Loop() { end(); }
  // Returns when nothing is left to do.
  void end() {
    guard_.reset();
    if (thread_.joinable()) thread_.join();
  }
  asio::io_context io{1};

 private:
  asio::executor_work_guard<net::Executor> guard_;
  std::thread thread_;
};

// Runs on the registry thread; `answer` decides after `delay`.
class TimedLookup final : public registry::Lookup {
 public:
  net::Task<Result<image::Digest>> find(image::Reference reference, Credential credential, SteadyTime,
                                        std::string) override {
    const int call = calls++;
    net::Timer timer(co_await asio::this_coro::executor);
    timer.expires_after(delay());
    co_await timer.async_wait(net::use_task);
    co_return answer(call, reference, credential);
  }
  std::atomic<int> calls = 0;
  std::function<Duration()> delay = [] { return 1ms; };
  std::function<Result<image::Digest>(int, const image::Reference&, const Credential&)> answer;
};

class NamespaceProvider final : public credential::Provider {
 public:
  std::string_view name() const override { return "by namespace"; }
  bool gather(const credential::Context& context, credential::Holdings& into) const override {
    if (context.namespace_name.empty()) return true;
    if (context.namespace_name == "slow") return false;
    into.add(std::make_shared<const credential::LoginSet>(std::vector{user(context.namespace_name)}));
    return true;
  }
  net::Task<Result<std::vector<Credential>>> fetch(const image::Reference&,
                                                   const credential::Context& context) override {
    net::Timer timer(co_await asio::this_coro::executor);
    timer.expires_after(200us);
    co_await timer.async_wait(net::use_task);
    co_return std::vector<Credential>{user(context.namespace_name)};
  }
};

struct Stage {
  SystemClock clock;
  Logger log{clock, [](std::string_view) {}, Level::error, LogFormat::json};
  Metrics metrics;
  TimedLookup lookup;
  NamespaceProvider provider;
  std::unique_ptr<Loop> registry = std::make_unique<Loop>();
  std::unique_ptr<registry::Resolver> resolver;

  void start(const registry::ResolverSettings& settings) {
    resolver = registry::create_resolver(registry->io, lookup, provider, clock, settings, metrics, log);
  }
  ~Stage() {
    resolver->stop({});
    registry.reset();
  }
};

// Runs `ask(io)` so many times, on four event loops in turn, with a pause after each hundred, and waits until
// all of it has ended.
template <typename Ask>
void on_four_threads(int times, std::chrono::milliseconds pause, Ask ask) {
  std::vector<std::unique_ptr<Loop>> threads;
  for (int i = 0; i < 4; ++i)
    threads.push_back(std::make_unique<Loop>());
  for (int i = 0; i < times; ++i) {
    auto& io = threads[static_cast<std::size_t>(i) % 4]->io;
    asio::post(io, [&ask, &io] { ask(io); });
    if (i % 100 == 99) std::this_thread::sleep_for(pause);
  }
}

}  // namespace

TEST_CASE("a thousand waiters on four threads cause one request") {
  constexpr int kWaiters = 1000;
  Stage stage;
  stage.lookup.delay = [] { return 50ms; };
  stage.lookup.answer = [](int, auto&, auto&) { return digest('1'); };
  stage.start({});
  std::atomic<int> good = 0;
  on_four_threads(kWaiters, 0ms, [&](asio::io_context& io) {
    std::vector<Query> queries{ResolverFixture::query("r.io/a:1", Freshness::cached)};
    asio::co_spawn(io, stage.resolver->resolve(std::move(queries), stage.clock.now() + 20s),
                   [&](std::exception_ptr, Resolutions all) { good += all[0].digest == digest('1'); });
  });
  CHECK(good == kWaiters);
  CHECK(stage.lookup.calls == 1);
}

TEST_CASE("a thousand appliers on four threads share requests, each sent after its question") {
  constexpr int kWaiters = 1000;
  Stage stage;
  std::mutex mutex;
  std::vector<SteadyTime> sent;
  stage.lookup.delay = [&] {
    const std::lock_guard lock(mutex);
    sent.push_back(stage.clock.now());
    return 20ms;
  };
  stage.lookup.answer = [](int call, auto&, auto&) { return digest(call); };
  stage.start({});
  std::atomic<int> good = 0;
  on_four_threads(kWaiters, 3ms, [&](asio::io_context& io) {
    const auto asked = stage.clock.now();
    std::vector<Query> queries{ResolverFixture::query("r.io/a:1", Freshness::current)};
    asio::co_spawn(io, stage.resolver->resolve(std::move(queries), asked + 20s),
                   [&, asked](std::exception_ptr, Resolutions all) {
                     const auto call = std::stoul(std::string(all[0].digest->hex()), nullptr, 16);
                     const std::lock_guard lock(mutex);
                     good += sent.at(call) >= asked;
                   });
  });
  CHECK(good == kWaiters);
  CHECK(stage.lookup.calls < 100);
}

TEST_CASE("event loops that vanish with a question pending harm nobody") {
  Stage stage;
  std::mt19937 random(3);
  std::mt19937 registry_random(4);
  stage.lookup.delay = [&] { return std::chrono::microseconds(registry_random() % 1500); };
  stage.lookup.answer = [](int, auto&, auto&) { return digest('1'); };
  registry::ResolverSettings settings;
  settings.cache_ttl = 0s;
  stage.start(settings);
  int answered = 0;
  int left = 0;
  const auto end = stage.clock.now() + 1500ms;
  for (int round = 0; round < 1000 && stage.clock.now() < end; ++round) {
    asio::io_context io{1};
    for (int i = 0; i < 4; ++i) {
      std::vector<Query> queries;
      for (int q = 0; q <= i; ++q)
        queries.push_back(
            ResolverFixture::query("r.io/a:" + std::to_string(q), Freshness::current, i % 2 ? "slow" : ""));
      ++left;
      asio::co_spawn(io, stage.resolver->resolve(std::move(queries), stage.clock.now() + 5s),
                     [&](std::exception_ptr, Resolutions) {
                       ++answered;
                       --left;
                     });
    }
    io.run_for(std::chrono::microseconds(random() % 2500));
  }
  CHECK(answered > 0);
  CHECK(left > 0);
}

namespace {

constexpr int kImages = 100;

int number_of(const std::string& user) {
  return user.empty() ? 0 : user == "one" ? 1 : user == "two" ? 2 : 3;
}

// Image, and as whom it was seen, are legible in the digest.
image::Digest mark(int image, const std::string& seen_as, int call) {
  const auto hex = fmt::format("{:016x}{:016x}{:032x}", image, number_of(seen_as), call);
  return image::Digest::from_hex(image::Digest::Algorithm::sha256, hex).value();
}

// Asks for random images, a batch after the other, in the role of an admission thread's connection.
class Client {
 public:
  Client(Stage& stage, asio::io_context& io, unsigned seed, std::atomic<int>& left)
      : stage_(stage), io_(io), random_(seed), left_(left), timer_(io.get_executor()) {}

  void next() {
    const int size = 1 + pick(10);
    if (left_.fetch_sub(size) <= 0) return;
    std::vector<Query> queries;
    images_.clear();
    for (int i = 0; i < size; ++i) {
      images_.push_back(pick(kImages));
      static const std::array<std::string, 4> kNamespaces{"", "one", "two", "slow"};
      queries.push_back(ResolverFixture::query("r.io/image" + std::to_string(images_.back()) + ":1",
                                               pick(2) ? Freshness::cached : Freshness::current,
                                               kNamespaces[static_cast<std::size_t>(pick(4))]));
      queries.back().stale_allowed = pick(2);
      queries.back().stale_when_slow = pick(2);
    }
    asked_ = queries;
    if (const auto known = stage_.resolver->peek(queries.front())) check(0, *known);
    const auto limit = pick(4) ? Duration(5s) : Duration(std::chrono::microseconds(pick(3000)));
    asio::co_spawn(io_, stage_.resolver->resolve(std::move(queries), stage_.clock.now() + limit),
                   asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr, Resolutions all) {
                     ++generation_;
                     timer_.cancel();
                     if (all.size() != asked_.size()) ++wrong;
                     for (std::size_t i = 0; i < all.size(); ++i)
                       check(i, all[i]);
                     asio::post(io_, [this] { next(); });
                   }));
    if (pick(10) == 0) {
      timer_.expires_after(std::chrono::microseconds(pick(2000)));
      timer_.async_wait([this, generation = generation_](auto error) {
        if (!error && generation == generation_) signal_.emit(asio::cancellation_type::terminal);
      });
    }
  }

  int right = 0;
  int wrong = 0;
  int failed = 0;

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  void check(std::size_t slot, const registry::Resolution& resolution) {
    if (!resolution.digest) {
      ++failed;
      return;
    }
    const auto hex = std::string(resolution.digest->hex());
    const auto image = std::stoi(hex.substr(0, 16), nullptr, 16);
    const auto who = std::stoi(hex.substr(16, 16), nullptr, 16);
    const bool may_see = who == 0 || who == number_of(asked_[slot].context.namespace_name);
    (image == images_[slot] && may_see ? right : wrong) += 1;
  }

  Stage& stage_;
  asio::io_context& io_;
  std::mt19937 random_;
  std::atomic<int>& left_;
  net::Timer timer_;
  asio::cancellation_signal signal_;
  unsigned generation_ = 0;
  std::vector<int> images_;
  std::vector<Query> asked_;
};

}  // namespace

TEST_CASE("another image's digest, or another's view of it, is never given") {
  Stage stage;
  std::mt19937 random(7);  // the registry thread's
  stage.lookup.delay = [&] { return std::chrono::microseconds(random() % 1000); };
  stage.lookup.answer = [&](int call, const image::Reference& reference,
                            const Credential& credential) -> Result<image::Digest> {
    static constexpr std::array kKinds{
        ErrorKind::not_found,    ErrorKind::unauthorized, ErrorKind::forbidden,
        ErrorKind::rate_limited, ErrorKind::unavailable,  ErrorKind::unreachable,
        ErrorKind::timed_out,    ErrorKind::protocol,     ErrorKind::invalid};
    const auto dice = random() % 1000;
    if (dice == 0) throw std::runtime_error("a bug");
    if (dice < 150) return refusal(kKinds[random() % kKinds.size()]);
    return mark(std::stoi(reference.path().substr(5)), credential.user, call);
  };
  registry::ResolverSettings settings;
  settings.cache_ttl = 2ms;
  settings.negative_ttl = 1ms;
  settings.cache_stale = 20ms;
  settings.slow_after = 500us;
  settings.flight_bound = 900us;
  settings.credentials_bound = 250us;
  settings.cache_entries = 150;  // fewer than there are: eviction takes part
  stage.start(settings);
  std::atomic<int> left = kLookups;
  Loop one, two;
  std::vector<std::unique_ptr<Client>> clients;
  for (unsigned i = 0; i < 32; ++i) {
    auto& io = i % 2 ? one.io : two.io;
    clients.push_back(std::make_unique<Client>(stage, io, i, left));
    asio::post(io, [client = clients.back().get()] { client->next(); });
  }
  one.end();
  two.end();
  int right = 0, wrong = 0, failed = 0;
  for (const auto& client : clients) {
    right += client->right;
    wrong += client->wrong;
    failed += client->failed;
  }
  CHECK(wrong == 0);
  CHECK(right > kLookups / 2);
  CHECK(right + failed >= kLookups);
  INFO(right << " right, " << failed << " failed, " << stage.lookup.calls << " requests");
  CHECK(stage.lookup.calls > kLookups / 100);
}
