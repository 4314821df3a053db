// Who told us to come back later, and when: remembered per host and credential, because a quota belongs to
// one tenant and must not stop the others.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "registry/client/bounded_map.hpp"

namespace digester::registry {

// One thread.
class Throttle {
 public:
  // `random` yields [0, 1); `longest` bounds what a peer may ask for.
  Throttle(const Clock& clock, std::function<double()> random, Duration longest, std::size_t remembered)
      : clock_(clock), random_(std::move(random)), longest_(longest), entries_(remembered) {}

  struct Closed {
    ErrorKind kind;  // rate_limited, or unavailable after a 503
    Duration wait;
  };
  std::optional<Closed> closed(const std::string& key);

  // Released up to a tenth later, so that all who wait do not come back in the same instant.
  void close(const std::string& key, ErrorKind kind, Duration wait);

 private:
  struct Entry {
    ErrorKind kind;
    SteadyTime until;
  };
  const Clock& clock_;
  std::function<double()> random_;
  Duration longest_;
  BoundedMap<Entry> entries_;
};

}  // namespace digester::registry
