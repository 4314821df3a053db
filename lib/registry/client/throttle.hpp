// Who told us to come back later, and when: remembered per host and credential, because a quota belongs to
// one tenant and must not stop the others.
//
// What a peer says, it says about one repository: a proxy may pass on what its own upstream said, and a
// tenant may name such a one. So that repository alone is left alone at first. When a second one hears the
// same while the first still waits, so is the folder that holds both: team/ after team/web and team/api, the
// whole host after team/web and other/x. A repository that is answered meanwhile speaks for the folders that
// it is in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // `whose` is host and credential, `path` the repository.
  std::optional<Closed> closed(const std::string& whose, std::string_view path);

  // Released up to a tenth later, so that all who wait do not come back in the same instant.
  void close(const std::string& whose, std::string_view path, ErrorKind kind, Duration wait);
  // It was asked about `path` at `sent`, and answered.
  void answered(const std::string& whose, std::string_view path, SteadyTime sent);

 private:
  struct Told {
    std::string path;
    ErrorKind kind;
    SteadyTime at;
    SteadyTime until;
    std::size_t depth = 0;  // counts for folders of so many segments at least
  };
  std::vector<Told>* find(const std::string& whose);

  const Clock& clock_;
  std::function<double()> random_;
  Duration longest_;
  BoundedMap<std::vector<Told>> entries_;
};

}  // namespace digester::registry
