// At most so many exchanges with one host at a time, so that a slow registry holds only its own.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/task.hpp"

namespace digester::registry {

// One thread. A permit is for one HTTP exchange and is never held while waiting for another flight: a token
// from the same host would wait for the permit that waits for the token.
class Permits {
  struct Host;
  struct State;
  struct Waiter;

 public:
  explicit Permits(std::size_t per_host);
  ~Permits();
  Permits(const Permits&) = delete;
  Permits& operator=(const Permits&) = delete;

  // Given back when destroyed, to whoever has waited longest.
  class Permit {
   public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    friend class Permits;
    Permit(std::shared_ptr<State> state, std::string key) : state_(std::move(state)), key_(std::move(key)) {}
    std::shared_ptr<State> state_;
    std::string key_;
  };

  // timed_out when none came free within `at_most`.
  net::Task<Result<Permit>> acquire(std::string key, Duration at_most);

  std::size_t hosts() const;  // with exchanges under way

 private:
  std::shared_ptr<State> state_;
};

}  // namespace digester::registry
