// Single-flight: whoever asks for the same image with the same credentials, from any thread, shares one
// request.
//
// A flight runs detached from those who wait for it, under its own bound; a waiter that gives up takes
// nobody with it, and the answer still reaches the cache; only where its registry has more flights than it is
// asked at a time does a slow one end soon after the last waiter has gone. A flight is *sent* when the first
// credential is asked. A waiter may join
//   with Freshness::cached   whatever runs;
//   with Freshness::current  what is not sent yet, or was sent after its own question arrived; else it
//                            waits for the next flight, which starts when the running one has ended.
// So there is one running and one next flight a key. If the running one has not answered after
// `slow_after`, the next one starts beside it (a request lost on a dead connection must not hold up those
// behind it), once at a time; its answer, being newer, then serves the waiters of both.
//
// A waiter that joined late and waited less than half the bound for nothing but a time-out may start one
// more.
// Failures that may pass are answered with an older digest where the query allows it. A refusal never is:
// what it speaks of leaves the cache.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "registry/cache.hpp"
#include "registry/flight_ask.hpp"
#include "registry/flight_batch.hpp"
#include "registry/flight_credentials.hpp"
#include "registry/flight_tasks.hpp"
#include "registry/resolver_metrics.hpp"

namespace digester::registry {

// What an entry must be younger than to answer this query, asked at `arrived`, now.
Cache::Since acceptable(const Question& question, SteadyTime arrived, SteadyTime now,
                        const ResolverSettings& settings);

// The youngest digest that may stand in for a registry that fails, if the query allows one.
std::optional<Cache::Hit> stand_in(Cache& cache, const Query& query, const Asker& asker, SteadyTime now,
                                   const ResolverSettings& settings);

// Nobody answered within `limit`, which is said as it is; `cure` is what helps.
Error no_answer(const image::Reference& reference, Duration limit, std::string_view cure);

// The registry thread only, but for the constructor.
class Flights : public std::enable_shared_from_this<Flights> {
 public:
  Flights(net::asio::io_context& io, Lookup& lookup, credential::Provider& provider, const Clock& clock,
          const ResolverSettings& settings, std::shared_ptr<Cache> cache,
          std::shared_ptr<ResolverMetrics> metrics, const Logger& log);

  // Answers every open slot, sooner or later.
  void accept(const std::shared_ptr<Batch>& batch);
  // Everybody is told `cancelled`; `ended` is called when no coroutine of ours is left.
  void stop(std::function<void()> ended);

 private:
  struct Waiter {
    std::shared_ptr<Batch> batch;
    std::size_t slot;
    SteadyTime joined;   // this flight
    bool late = false;   // when it had been sent already
    bool again = false;  // it is this waiter's second flight
  };
  struct Flight {
    Key key;
    image::Reference reference;
    std::shared_ptr<const Asker> asker;
    std::string namespace_name;  // of the first waiter: owns the entry
    std::shared_ptr<DetachedTask> task;
    std::vector<Waiter> waiters;
    std::optional<SteadyTime> sent;
    bool slow = false;
    bool landed = false;  // the waiters have been answered
  };
  struct Lane {
    std::shared_ptr<Flight> running;
    std::shared_ptr<Flight> next;       // not started
    std::shared_ptr<Flight> overtaken;  // slow, with a newer one running
  };
  using Lanes = std::unordered_map<Key, Lane, KeyHash>;

  void enter(Waiter waiter, const std::shared_ptr<const Asker>& asker);
  std::shared_ptr<Flight> joinable(const Lane& lane, const Waiter& waiter) const;
  std::shared_ptr<Flight> make_flight(const Key& key, const Query& query,
                                      const std::shared_ptr<const Asker>& asker);
  void advance(Lanes::iterator lane);
  void discard(const Flight& flight);
  void launch(const std::shared_ptr<Flight>& flight);
  void watch(const std::shared_ptr<Flight>& flight);
  void watch_slow(const std::shared_ptr<Flight>& flight, Duration rest);
  bool is_in_the_way(const Flight& flight) const;
  static net::Task<void> fly(std::shared_ptr<Flights> self, std::shared_ptr<Flight> flight);
  void learn(const Flight& flight, const Asked& asked);
  void land(const std::shared_ptr<Flight>& flight, const Result<image::Digest>& answer);
  void deliver(Waiter waiter, const std::shared_ptr<const Asker>& asker, const Result<image::Digest>& answer);
  bool has_room(const std::string& host) const;

  net::asio::io_context& io_;
  Lookup& lookup_;
  credential::Provider& provider_;
  const Clock& clock_;
  const ResolverSettings settings_;
  const std::shared_ptr<Cache> cache_;
  const std::shared_ptr<ResolverMetrics> metrics_;
  const Logger& log_;
  const std::shared_ptr<DetachedTasks> tasks_;
  const std::shared_ptr<CredentialFetch> credentials_;
  Lanes lanes_;
  std::unordered_map<std::string, std::size_t> per_host_;  // flights made and not yet landed
  std::size_t flights_ = 0;
  bool stopped_ = false;
};

}  // namespace digester::registry
