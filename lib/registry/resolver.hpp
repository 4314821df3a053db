// From tag to digest: the one way in, for the webhook and for the command line.
//
// Everything that talks to a registry runs on one thread (its io_context is the resolver's); admission
// threads read the sharded cache and post only what it does not know.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "credential/credential.hpp"
#include "image/digest.hpp"
#include "image/reference.hpp"
#include "net/task.hpp"

namespace digester::registry {

class Lookup;

enum class Freshness {
  cached,   // an entry younger than the cache's time to live will do: what controllers create
  current,  // only a registry request sent after the question arrived will do: what people apply
};

using image::Source;

struct Query {
  image::Reference reference;  // with a digest: is it there? The answer is that digest
  credential::Context context;
  Freshness freshness = Freshness::current;
  // A known answer up to --cache-stale old may be given when the registry fails or rate-limits, or has not
  // answered by the deadline.
  bool stale_allowed = true;
  // With `cached`: give a known older answer also when the registry takes over 1 s.
  bool stale_when_slow = false;
};

// The same, for as long as what it points to lives: a question to the cache copies nothing.
struct Question {
  const image::Reference& reference;
  const credential::Context& context;
  Freshness freshness;
  bool stale_allowed;

  Question(const image::Reference& r, const credential::Context& c, Freshness f, bool stale)
      : reference(r), context(c), freshness(f), stale_allowed(stale) {}
  Question(const Query& query)  // NOLINT(google-explicit-constructor): a Query is a Question
      : Question(query.reference, query.context, query.freshness, query.stale_allowed) {}
};

struct Resolution {
  Result<image::Digest> digest;
  Source source = Source::registry;
  Duration age{};   // of a cached or stale answer, since its request was sent
  Duration took{};  // this look-up, as the caller waited for it
  // Of a stale answer: why there is no fresh one.
  std::optional<Error> because = std::nullopt;
};

struct ResolverSettings {
  // --cache-size: the most that answers may take in memory, stale ones included (some 80 bytes an image).
  std::size_t cache_bytes = 64 << 20;
  // And the most of them, whatever their size.
  std::size_t cache_entries = 500'000;
  // No namespace keeps more than this part of a full cache. 1: no such limit.
  double namespace_share = 0.25;
  // --cache-ttl: how old an answer may be for Freshness::cached. 0: every look-up asks.
  Duration cache_ttl = std::chrono::minutes(1);
  // --cache-negative-ttl: the same for refusals (no such image, no access). Freshness::current never gets
  // one.
  Duration negative_ttl = std::chrono::seconds(2);
  // --cache-stale: how old an answer may be when the registry fails. 0: never.
  Duration cache_stale = std::chrono::hours(1);
  // --apply-ttl: how old a digest may be for Freshness::current. 0: it must have been asked for afterwards,
  // as also where no stale answer is allowed.
  Duration apply_ttl{};

  // What one look-up at a registry may take, whoever still waits for it.
  Duration flight_bound = std::chrono::seconds(10);
  // What reading credentials may take; after it the look-up goes on without them.
  Duration credentials_bound = std::chrono::seconds(3);
  // When a registry counts as slow: see Query::stale_when_slow and flight.hpp.
  Duration slow_after = std::chrono::seconds(1);
  // With more look-ups than this at one registry, what is slow and nobody waits for any more ends; looked at
  // so often.
  std::size_t crowd = 16;
  Duration look_again = std::chrono::milliseconds(500);
  // For the texts of time-outs: what the callers' deadlines are (zero: as measured), and what to raise where
  // one passes, or a look-up's bound does.
  Duration patience{};
  std::string longer_patience = "try again later";
  std::string longer_flight = "try again later";
  // Look-ups in the air at once; one registry's at most a quarter of them. Over it: ErrorKind::unavailable.
  std::size_t max_flights = 8192;
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  // From the cache, without waiting; any thread: slot i answers question i. Empty: resolve() must be asked.
  // Freshness::current finds only digests within --apply-ttl, and nobody whose credentials need I/O finds
  // anything.
  virtual std::vector<std::optional<Resolution>> peek_all(std::span<const Question> questions) = 0;
  std::optional<Resolution> peek(const Question& question) {
    return std::move(peek_all({&question, 1}).front());
  }

  // All of them, concurrently, under one deadline: slot i answers query i. Those not known by the deadline
  // are ErrorKind::timed_out, or stale where allowed. Callable from any io_context thread: the coroutine
  // stays on the caller's executor. The flights go on after the deadline, under their own bound. A
  // cancelled caller gets what is there by then; the rest is ErrorKind::cancelled.
  virtual net::Task<std::vector<Resolution>> resolve(std::vector<Query> queries, SteadyTime deadline) = 0;

  // Ends every flight; who waits, and who asks from now on, is told ErrorKind::cancelled. `ended` is called
  // on the registry thread when nothing of the resolver is left there. Any thread.
  virtual void stop(std::function<void()> ended) {
    if (ended) ended();
  }
};

// Everything given by reference outlives the resolver. At the end: no more callers; stop(), and wait for
// `ended` while the registry thread still runs; then destroy in any order. A caller's event loop may be
// destroyed with a resolve() in it at any time. (Without stop(), coroutines of flights stay suspended in
// `registry_thread`, inside `lookup` and `provider`, and are destroyed with it.)
std::unique_ptr<Resolver> create_resolver(net::asio::io_context& registry_thread, Lookup& lookup,
                                          credential::Provider& provider, const Clock& clock,
                                          const ResolverSettings& settings, Metrics& metrics,
                                          const Logger& log);

}  // namespace digester::registry
