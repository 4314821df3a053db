// From tag to digest: the one way in, for the webhook and for the command line.
//
// Everything that talks to a registry runs on one thread (its io_context is the resolver's); admission
// threads read the sharded cache and post only what it does not know.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "credential/credential.hpp"
#include "image/digest.hpp"
#include "image/reference.hpp"
#include "net/task.hpp"

namespace digester::registry {

enum class Freshness {
  cached,   // an entry younger than the cache's time to live will do: what controllers create
  current,  // only a registry request sent after the question arrived will do: what people apply
};

enum class Source { cache, registry, stale };
std::string_view to_string(Source source);

struct Query {
  image::Reference reference;  // with a tag and without a digest
  credential::Context context;
  Freshness freshness = Freshness::current;
  // A known answer up to --cache-stale old may be given when the registry fails or rate-limits.
  bool stale_allowed = true;
  // With `cached`: give a known older answer also when the registry takes over 1 s.
  bool stale_when_slow = false;
};

struct Resolution {
  Result<image::Digest> digest;
  Source source = Source::registry;
  Duration age{};   // of a cached or stale answer
  Duration took{};  // this look-up, as the caller waited for it
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  // From the cache, without waiting; any thread. Empty: resolve() must be asked.
  virtual std::optional<Resolution> peek(const Query& query) = 0;

  // All of them, concurrently, under one deadline: slot i answers query i. Those not known by the deadline
  // are ErrorKind::timed_out. Callable from any io_context thread: the coroutine stays on the caller's
  // executor. The flights go on after the deadline, under their own bound.
  virtual net::Task<std::vector<Resolution>> resolve(std::vector<Query> queries, SteadyTime deadline) = 0;
};

}  // namespace digester::registry
