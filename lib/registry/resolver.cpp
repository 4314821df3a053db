#include "registry/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/text.hpp"
#include "registry/cache.hpp"
#include "registry/flight.hpp"
#include "registry/flight_batch.hpp"
#include "registry/resolver_metrics.hpp"

namespace digester::registry {
namespace {

// Keeps sums of times within what a clock can say.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

ResolverSettings within_reason(ResolverSettings settings) {
  for (auto* duration :
       {&settings.cache_ttl, &settings.negative_ttl, &settings.cache_stale, &settings.apply_ttl,
        &settings.flight_bound, &settings.credentials_bound, &settings.slow_after})
    *duration = std::clamp(*duration, Duration{}, kLongest);
  return settings;
}

CacheSettings cache_settings(const ResolverSettings& settings) {
  CacheSettings cache;
  cache.bytes = settings.cache_bytes;
  cache.entries = settings.cache_entries;
  cache.namespace_share = settings.namespace_share;
  cache.retention = std::max({settings.cache_ttl, settings.cache_stale, settings.apply_ttl});
  cache.negative_retention = settings.negative_ttl;
  return cache;
}

// What the sources have at hand for one context after the other. Questions of one review share theirs: the
// sources are asked once.
class AtHand {
 public:
  AtHand(const credential::Provider& provider, credential::Holdings& holdings)
      : provider_(provider), holdings_(holdings) {}
  ~AtHand() { holdings_.clear(); }
  AtHand(const AtHand&) = delete;
  AtHand& operator=(const AtHand&) = delete;

  // Whether the holdings are this context's now. False: they must be fetched. `context` outlives this.
  bool is_for(const credential::Context& context) {
    if (last_ && (last_ == &context || *last_ == context)) return complete_;
    last_ = &context;
    holdings_.clear();
    complete_ = provider_.gather(context, holdings_);
    return complete_;
  }

 private:
  const credential::Provider& provider_;
  credential::Holdings& holdings_;
  const credential::Context* last_ = nullptr;
  bool complete_ = false;
};

class CachingResolver final : public Resolver {
 public:
  CachingResolver(net::asio::io_context& io, Lookup& lookup, credential::Provider& provider,
                  const Clock& clock, const ResolverSettings& settings, Metrics& metrics, const Logger& log)
      : io_(io),
        provider_(provider),
        clock_(clock),
        settings_(within_reason(settings)),
        cache_(std::make_shared<Cache>(clock, cache_settings(settings_))),
        metrics_(std::make_shared<ResolverMetrics>(metrics, cache_)),
        flights_(std::make_shared<Flights>(io, lookup, provider, clock, settings_, cache_, metrics_, log)) {}

  ~CachingResolver() override {
    // After a stop() the registry thread's event loop may be gone.
    if (!stopped_) stop({});
  }

  std::vector<std::optional<Resolution>> peek_all(std::span<const Question> questions) override {
    const auto now = clock_.now();
    std::vector<std::optional<Resolution>> answers(questions.size());
    // Its memory is kept from review to review, what it holds is not.
    thread_local credential::Holdings holdings;
    AtHand at_hand(provider_, holdings);
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto& question = questions[i];
      if (!at_hand.is_for(question.context)) continue;
      answers[i] = look(question, AskerView(holdings.match(question.reference)), now);
    }
    metrics_->answered_from_cache(answers);
    return answers;
  }

  net::Task<std::vector<Resolution>> resolve(std::vector<Query> queries, SteadyTime deadline) override {
    const auto executor = co_await net::asio::this_coro::executor;
    const auto batch = std::make_shared<Batch>(executor, clock_, std::move(queries));
    fill_from_cache(*batch);
    net::Timer timer(executor);
    const net::Watch watch(*batch, timer);
    bool cancelled = false;
    if (!batch->complete()) {
      net::asio::post(io_, [flights = flights_, batch] { flights->accept(batch); });
      const auto slow = batch->arrived() + settings_.slow_after;
      if (slow < deadline && any_may_be_slow(*batch)) {
        timer.expires_after(slow - clock_.now());
        co_await timer.async_wait(net::use_task);
        cancelled = is_cancelled(co_await net::asio::this_coro::cancellation_state);
        fill_slow(*batch);
      }
    }
    if (!cancelled && !batch->complete()) {
      timer.expires_after(deadline - clock_.now());
      co_await timer.async_wait(net::use_task);
      cancelled = is_cancelled(co_await net::asio::this_coro::cancellation_state);
    }
    batch->close();
    co_return finish(*batch, deadline, cancelled);
  }

  void stop(std::function<void()> ended) override {
    stopped_ = true;
    net::asio::post(io_, [flights = flights_, ended = std::move(ended)] { flights->stop(ended); });
  }

 private:
  static bool is_cancelled(net::asio::cancellation_state state) {
    return state.cancelled() != net::asio::cancellation_type::none;
  }

  static bool may_be_slow(const Query& query) {
    return query.stale_when_slow && query.stale_allowed && query.freshness == Freshness::cached;
  }
  static bool any_may_be_slow(const Batch& batch) {
    for (std::size_t slot = 0; slot < batch.size(); ++slot)
      if (may_be_slow(batch.query(slot)) && batch.is_open(slot)) return true;
    return false;
  }

  std::optional<Resolution> look(const Question& question, const AskerView& asker, SteadyTime now) {
    auto hit = cache_->find(question.reference, asker, acceptable(question, now, now, settings_), now);
    if (!hit) return std::nullopt;
    return Resolution{std::move(hit->answer), Source::cache, now - hit->sent, {}, {}};
  }

  void fill_from_cache(Batch& batch) {
    credential::Holdings holdings;
    AtHand at_hand(provider_, holdings);
    for (std::size_t slot = 0; slot < batch.size(); ++slot) {
      const auto& query = batch.query(slot);
      if (at_hand.is_for(query.context)) {
        auto credentials = holdings.copies(query.reference);
        auto asker = credentials.empty() ? anonymous_asker()
                                         : std::make_shared<const Asker>(make_asker(std::move(credentials)));
        auto known = look(query, *asker, batch.arrived());
        batch.hold(slot, std::move(asker));
        if (known) {
          batch.fill(slot, std::move(known->digest), known->source, known->age);
          continue;
        }
      }
      metrics_->misses.Increment();
    }
  }

  void fill_slow(Batch& batch) {
    const auto now = clock_.now();
    for (std::size_t slot = 0; slot < batch.size(); ++slot) {
      const auto& query = batch.query(slot);
      const auto asker = batch.asker(slot);
      if (!asker || !may_be_slow(query) || !batch.is_open(slot)) continue;
      if (auto known = stand_in(*cache_, query, *asker, now, settings_))
        batch.fill(slot, std::move(known->answer), Source::stale, now - known->sent,
                   no_answer(query.reference, settings_.slow_after, "an older answer was given"));
    }
  }

  // What is there, and for the rest why it is not.
  std::vector<Resolution> finish(Batch& batch, SteadyTime deadline, bool cancelled) {
    auto answers = batch.take();
    std::vector<Resolution> resolutions;
    resolutions.reserve(answers.size());
    for (std::size_t slot = 0; slot < answers.size(); ++slot) {
      if (answers[slot])
        resolutions.push_back(std::move(*answers[slot]));
      else
        resolutions.push_back(without_answer(batch, slot, deadline, cancelled));
      metrics_->answered(resolutions.back());
    }
    return resolutions;
  }

  Resolution without_answer(const Batch& batch, std::size_t slot, SteadyTime deadline, bool cancelled) {
    const auto& query = batch.query(slot);
    const auto now = clock_.now();
    const auto took = now - batch.arrived();
    if (cancelled)
      return {fail(ErrorKind::cancelled, fmt::format("image {}: the request was given up",
                                                     text::printable(query.reference.original(), 256))),
              Source::registry,
              {},
              took,
              {}};
    const auto limit = settings_.patience > Duration{} ? settings_.patience
                                                       : std::max(deadline - batch.arrived(), Duration{});
    auto error = no_answer(query.reference, limit, settings_.longer_patience);
    if (const auto asker = batch.asker(slot))
      if (auto known = stand_in(*cache_, query, *asker, now, settings_))
        return {std::move(known->answer), Source::stale, now - known->sent, took, std::move(error)};
    return {fail(std::move(error)), Source::registry, {}, took, {}};
  }

  net::asio::io_context& io_;
  credential::Provider& provider_;
  const Clock& clock_;
  const ResolverSettings settings_;
  const std::shared_ptr<Cache> cache_;
  const std::shared_ptr<ResolverMetrics> metrics_;
  const std::shared_ptr<Flights> flights_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

std::unique_ptr<Resolver> create_resolver(net::asio::io_context& registry_thread, Lookup& lookup,
                                          credential::Provider& provider, const Clock& clock,
                                          const ResolverSettings& settings, Metrics& metrics,
                                          const Logger& log) {
  return std::make_unique<CachingResolver>(registry_thread, lookup, provider, clock, settings, metrics, log);
}

}  // namespace digester::registry
