#include "registry/flight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/text.hpp"

namespace digester::registry {
namespace {

// So that the look-up's own time-out, which knows which step was slow, comes first.
constexpr Duration kGrace = std::chrono::milliseconds(250);

std::string name_of(const image::Reference& reference) {
  return text::printable(reference.original(), 256);
}

Error too_many(const image::Reference& reference) {
  return {ErrorKind::unavailable,
          fmt::format("image {}: too many look-ups are under way, at {} or in all; try again",
                      name_of(reference), reference.domain())};
}

Error shutting_down(const image::Reference& reference) {
  return {ErrorKind::cancelled, fmt::format("image {}: the server is shutting down", name_of(reference))};
}

Error broken_off(const image::Reference& reference) {
  return {ErrorKind::internal, fmt::format("image {}: the look-up at {} broke off; this is a bug",
                                           name_of(reference), reference.domain())};
}

// Private repositories answer so to who may not know of them.
bool may_want_credentials(ErrorKind kind) {
  return kind == ErrorKind::not_found || kind == ErrorKind::unauthorized || kind == ErrorKind::forbidden;
}

std::string what(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

Error no_answer(const image::Reference& reference, Duration limit, std::string_view cure) {
  using Tenths = std::chrono::duration<std::int64_t, std::deci>;
  const Duration said = limit < std::chrono::seconds(1)
                            ? Duration(std::chrono::ceil<std::chrono::milliseconds>(limit))
                            : Duration(std::chrono::ceil<Tenths>(limit));
  return {ErrorKind::timed_out, fmt::format("{}: {}: no answer within {}; {}", name_of(reference),
                                            text::to_lower(reference.domain()), format_duration(said), cure)};
}

Cache::Since acceptable(const Question& question, SteadyTime arrived, SteadyTime now,
                        const ResolverSettings& settings) {
  if (question.freshness == Freshness::cached) return {now - settings.cache_ttl, now - settings.negative_ttl};
  if (!question.stale_allowed) return {arrived, arrived};
  return {std::min(arrived, now - settings.apply_ttl), arrived};
}

std::optional<Cache::Hit> stand_in(Cache& cache, const Query& query, const Asker& asker, SteadyTime now,
                                   const ResolverSettings& settings) {
  if (!query.stale_allowed) return std::nullopt;
  auto known = cache.newest(query.reference, asker);
  if (!known || known->sent <= now - settings.cache_stale) return std::nullopt;
  return known;
}

Flights::Flights(net::asio::io_context& io, Lookup& lookup, credential::Provider& provider,
                 const Clock& clock, const ResolverSettings& settings, std::shared_ptr<Cache> cache,
                 std::shared_ptr<ResolverMetrics> metrics, const Logger& log)
    : io_(io),
      lookup_(lookup),
      provider_(provider),
      clock_(clock),
      settings_(settings),
      cache_(std::move(cache)),
      metrics_(std::move(metrics)),
      log_(log),
      tasks_(std::make_shared<DetachedTasks>(io)),
      credentials_(std::make_shared<CredentialFetch>(tasks_, provider, cache_->keys(),
                                                     settings.credentials_bound, log)) {}

void Flights::accept(const std::shared_ptr<Batch>& batch) {
  for (std::size_t slot = 0; slot < batch->size(); ++slot) {
    if (!batch->is_open(slot)) continue;
    Waiter waiter{batch, slot, batch->arrived()};
    if (const auto known = batch->asker(slot)) {
      enter(std::move(waiter), known);
      continue;
    }
    const auto& query = batch->query(slot);
    credentials_->get(query.reference, query.context,
                      [self = shared_from_this(), waiter](std::shared_ptr<const Asker> asker) {
                        waiter.batch->hold(waiter.slot, asker);
                        self->enter(waiter, asker);
                      });
  }
}

void Flights::enter(Waiter waiter, const std::shared_ptr<const Asker>& asker) {
  const auto& query = waiter.batch->query(waiter.slot);
  if (stopped_) {
    waiter.batch->fill(waiter.slot, fail(shutting_down(query.reference)), Source::registry, {});
    return;
  }
  // A flight may have landed since the caller looked.
  const auto now = clock_.now();
  const auto arrived = waiter.batch->arrived();
  if (auto hit = cache_->find(query.reference, *asker, acceptable(query, arrived, now, settings_), now)) {
    const auto source = hit->sent > arrived ? Source::registry : Source::cache;
    waiter.batch->fill(waiter.slot, std::move(hit->answer), source,
                       source == Source::cache ? now - hit->sent : Duration{});
    return;
  }
  const AskerView view(*asker);
  const auto key = cache_->keys().image(query.reference).refused_to(view.credentials(), view.is_complete());
  const auto lane = lanes_.try_emplace(key).first;
  auto flight = joinable(lane->second, waiter);
  if (flight) {
    metrics_->joined.Increment();
  } else if (has_room(query.reference.api_host())) {
    flight = lane->second.next = make_flight(key, query, asker);
  } else {
    advance(lane);
    deliver(std::move(waiter), asker, fail(too_many(query.reference)));
    return;
  }
  waiter.joined = now;
  waiter.late = flight->sent.has_value();
  flight->waiters.push_back(std::move(waiter));
  advance(lane);
}

std::shared_ptr<Flights::Flight> Flights::joinable(const Lane& lane, const Waiter& waiter) const {
  const auto& running = lane.running;
  if (!running) return lane.next;
  const bool any_will_do = waiter.batch->query(waiter.slot).freshness == Freshness::cached;
  if (any_will_do || !running->sent || *running->sent > waiter.batch->arrived()) return running;
  return lane.next;
}

bool Flights::has_room(const std::string& host) const {
  const auto one_registry = std::max<std::size_t>(1, settings_.max_flights / 4);
  const auto there = per_host_.find(host);
  return flights_ < settings_.max_flights && (there == per_host_.end() || there->second < one_registry);
}

std::shared_ptr<Flights::Flight> Flights::make_flight(const Key& key, const Query& query,
                                                      const std::shared_ptr<const Asker>& asker) {
  metrics_->flights_active.Set(static_cast<double>(++flights_));
  ++per_host_[query.reference.api_host()];
  return std::make_shared<Flight>(
      Flight{key, query.reference, asker, query.context.namespace_name, tasks_->make(), {}, {}});
}

void Flights::discard(const Flight& flight) {
  metrics_->flights_active.Set(static_cast<double>(--flights_));
  const auto there = per_host_.find(flight.reference.api_host());
  if (--there->second == 0) per_host_.erase(there);
}

void Flights::advance(Lanes::iterator lane) {
  auto& [running, next, overtaken] = lane->second;
  if (next && (!running || (running->slow && !overtaken))) {
    const auto open = [](const Waiter& waiter) { return waiter.batch->is_open(waiter.slot); };
    if (std::any_of(next->waiters.begin(), next->waiters.end(), open)) {
      if (running) overtaken = std::move(running);
      running = std::move(next);
      launch(running);
    } else {
      discard(*next);
    }
    next = nullptr;
  }
  if (!running && !next && !overtaken) lanes_.erase(lane);
}

// Through the queue, so that questions which are already there find it not sent yet.
void Flights::launch(const std::shared_ptr<Flight>& flight) {
  metrics_->flights.Increment();
  net::asio::post(io_, [self = shared_from_this(), flight] {
    if (flight->landed) return;
    self->watch(flight);
    self->tasks_->run(flight->task, fly(self, flight), [self, flight](std::exception_ptr error) {
      if (!error || flight->landed) return;
      self->log_.error("a look-up broke off",
                       {{"image", name_of(flight->reference)}, {"error", what(error)}});
      self->land(flight, fail(broken_off(flight->reference)));
    });
  });
}

void Flights::watch(const std::shared_ptr<Flight>& flight) {
  const auto bound = settings_.flight_bound + kGrace;
  const auto slow = std::min(settings_.slow_after, bound);
  flight->task->after(slow, [self = shared_from_this(), flight, rest = bound - slow] {
    flight->slow = true;
    if (const auto lane = self->lanes_.find(flight->key); lane != self->lanes_.end()) self->advance(lane);
    self->watch_slow(flight, rest);
  });
}

void Flights::watch_slow(const std::shared_ptr<Flight>& flight, Duration rest) {
  const auto step = std::min(rest, settings_.look_again);
  flight->task->after(step, [self = shared_from_this(), flight, rest = rest - step] {
    if (rest > Duration::zero() && !self->is_in_the_way(*flight)) return self->watch_slow(flight, rest);
    self->land(flight, fail(no_answer(flight->reference, self->settings_.flight_bound,
                                      self->settings_.longer_flight)));
    flight->task->cancel();
  });
}

// Nobody waits for it, while others may wait for what it holds.
bool Flights::is_in_the_way(const Flight& flight) const {
  const auto there = per_host_.find(flight.reference.api_host());
  if (there == per_host_.end() || there->second <= settings_.crowd) return false;
  return std::none_of(flight.waiters.begin(), flight.waiters.end(),
                      [](const Waiter& waiter) { return waiter.batch->is_open(waiter.slot); });
}

net::Task<void> Flights::fly(std::shared_ptr<Flights> self, std::shared_ptr<Flight> flight) {
  const auto sent = self->clock_.now();
  flight->sent = sent;
  auto reference = flight->reference;
  auto asker = flight->asker;
  auto tenant = flight->namespace_name;
  const auto asked =
      co_await ask_in_order(self->lookup_, self->provider_, std::move(reference), std::move(asker),
                            sent + self->settings_.flight_bound, std::move(tenant));
  if (flight->landed) co_return;
  self->learn(*flight, asked);
  self->land(flight, asked.answer);
}

void Flights::learn(const Flight& flight, const Asked& asked) {
  const auto& list = flight.asker->credentials;
  const auto sent = *flight.sent;
  for (const auto position : asked.refused)
    cache_->forget(flight.reference, list[position], sent);
  if (asked.worked)
    cache_->store(flight.reference, list[*asked.worked], *asked.answer, sent, flight.namespace_name);
  else if (asked.is_refusal)
    cache_->store_refusal(flight.reference, *flight.asker, asked.answer.error(), sent, flight.namespace_name);
}

void Flights::land(const std::shared_ptr<Flight>& flight, const Result<image::Digest>& answer) {
  if (flight->landed) return;
  flight->landed = true;
  discard(*flight);
  std::shared_ptr<Flight> older;
  if (const auto lane = lanes_.find(flight->key); lane != lanes_.end()) {
    auto& [running, next, overtaken] = lane->second;
    if (running == flight) {
      running = nullptr;
      if (answer || is_permanent(answer.error().kind)) older = std::exchange(overtaken, nullptr);
    } else if (overtaken == flight) {
      overtaken = nullptr;
    }
    advance(lane);
  }
  for (auto& waiter : std::exchange(flight->waiters, {}))
    deliver(std::move(waiter), flight->asker, answer);
  if (older) {
    land(older, answer);
    older->task->cancel();
  }
}

void Flights::deliver(Waiter waiter, const std::shared_ptr<const Asker>& asker,
                      const Result<image::Digest>& answer) {
  auto& batch = *waiter.batch;
  if (answer || !is_transient(answer.error().kind)) {
    if (!answer && may_want_credentials(answer.error().kind))
      provider_.unsatisfied(batch.query(waiter.slot).context);
    batch.fill(waiter.slot, answer, Source::registry, {});
    return;
  }
  if (!batch.is_open(waiter.slot)) return;
  const auto now = clock_.now();
  const bool short_wait = now - waiter.joined < settings_.flight_bound / 2;
  if (answer.error().kind == ErrorKind::timed_out && waiter.late && short_wait && !waiter.again) {
    waiter.again = true;
    enter(std::move(waiter), asker);
    return;
  }
  if (auto known = stand_in(*cache_, batch.query(waiter.slot), *asker, now, settings_))
    batch.fill(waiter.slot, std::move(known->answer), Source::stale, now - known->sent, answer.error());
  else
    batch.fill(waiter.slot, answer, Source::registry, {});
}

void Flights::stop(std::function<void()> ended) {
  stopped_ = true;
  credentials_->abandon();
  for (auto& [key, lane] : std::exchange(lanes_, {}))
    for (const auto& flight : {lane.running, lane.next, lane.overtaken})
      if (flight) land(flight, fail(shutting_down(flight->reference)));
  tasks_->stop(std::move(ended));
}

}  // namespace digester::registry
