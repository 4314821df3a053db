// What registries answered lately, and to whom. Safe from any thread, and never waits.
//
// Isolation: a digest is stored under the one credential that got it, or under anonymous, and is found only
// by who holds that credential; what anonymous got is found by everybody, after their own credentials, in
// their order. A refusal is stored under the whole list that was tried and is found only by who holds
// exactly that list: what anonymous was refused says nothing about somebody with credentials.
//
// Age counts from when the request was sent, the last moment of which the answer is known to be true, and
// an answer never replaces one to a later request. Entries stay for the longest of the times to live, stale
// retention included, and count in the limits all that time.
//
// Limits: refusals have a small region of their own, so that made-up names cannot push out digests. When
// there is no room left, no namespace (the first that asked owns the entry) keeps more than its share:
// see cache_shard.hpp.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "registry/asker.hpp"
#include "registry/cache_digest.hpp"
#include "registry/cache_region.hpp"

namespace digester::registry {

struct CacheSettings {
  std::size_t bytes = 64 << 20;   // in all, refusals included; some 80 bytes a digest
  std::size_t entries = 500'000;  // in all, refusals included
  double negative_part = 0.05;    // of both, for refusals
  double namespace_share = 0.25;  // of either region, for one namespace, once it is full; 1 is no limit
  Duration retention = std::chrono::hours(1);             // digests older than this are gone
  Duration negative_retention = std::chrono::seconds(2);  // refusals
};

class Cache {
 public:
  struct Hit {
    Result<image::Digest> answer;
    SteadyTime sent;
  };
  // What will do: only answers to requests sent after these times.
  struct Since {
    SteadyTime digest;
    SteadyTime refusal;
  };

  Cache(const Clock& clock, const CacheSettings& settings);

  // The first that will do: digests in the order of the credentials, then a refusal of them all.
  std::optional<Hit> find(const image::Reference& reference, const AskerView& asker, const Since& since,
                          SteadyTime now);
  // The youngest digest that this asker may see, of any age up to the retention.
  std::optional<Hit> newest(const image::Reference& reference, const AskerView& asker);

  void store(const image::Reference& reference, const credential::Credential& shown_to,
             const image::Digest& digest, SteadyTime sent, const std::string& namespace_name);
  void store_refusal(const image::Reference& reference, const AskerView& asker, const Error& error,
                     SteadyTime sent, const std::string& namespace_name);
  // The registry says for certain that it has nothing for this credential any more, as of `sent`.
  void forget(const image::Reference& reference, const credential::Credential& shown_to, SteadyTime sent);

  const KeyMaker& keys() const { return keys_; }
  CacheStats digests() const { return digests_.stats(); }
  CacheStats refusals() const { return refusals_.stats(); }

 private:
  struct Refusal {
    std::shared_ptr<const Error> error;
    std::size_t heap_bytes() const;
  };

  const Clock& clock_;
  const Duration retention_;
  const Duration negative_retention_;
  const KeyMaker keys_;
  CacheRegion<PackedDigest> digests_;
  CacheRegion<Refusal> refusals_;
};

}  // namespace digester::registry
