// At most so many exchanges with one host at a time, so that a slow registry holds only its own; and a fair
// part of them for everybody, so that a repository which hangs holds up only those who ask for it.
//
// Who finds a host full is served as soon as one comes free: first the tenant (a namespace) with the fewest
// exchanges there, of its repositories the one with the fewest, among equals who was not served for longest,
// and within one repository in the order of arrival. Alone, anybody may use all permits. While others wait
// each has an equal share of them, half where there are two, and what is held beyond it does not count
// against those below theirs: they go ahead at once, beyond the limit, rather than after exchanges that may
// hang. That makes half as many more between repositories, and twice as many at most between tenants.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/task.hpp"

namespace digester::registry {

// One thread. A permit is for one HTTP exchange and is never held while waiting for another flight: a token
// from the same host would wait for the permit that waits for the token.
class Permits {
  struct Group;
  struct Level;
  struct Seat;
  struct Host;
  struct State;
  struct Waiter;

 public:
  explicit Permits(std::size_t per_host);
  ~Permits();
  Permits(const Permits&) = delete;
  Permits& operator=(const Permits&) = delete;

  struct Party {
    std::string tenant;
    std::string repository;
  };

  // Given back when destroyed.
  class Permit {
   public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    friend class Permits;
    Permit(std::shared_ptr<State> state, std::shared_ptr<const Seat> seat);
    std::shared_ptr<State> state_;
    std::shared_ptr<const Seat> seat_;
  };

  // timed_out when none came free within `at_most`.
  net::Task<Result<Permit>> acquire(std::string host, Party party, Duration at_most);

  std::size_t hosts() const;  // with exchanges under way

 private:
  std::shared_ptr<State> state_;
};

}  // namespace digester::registry
