// Circuit breakers: who has failed often enough is left alone for a while, then asked by one probe.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "registry/client/bounded_map.hpp"
#include "registry/settings.hpp"

namespace digester::registry {

// One thread. A key is a host or a repository. A failure counts only if nobody who came later has succeeded
// by then: many that hang together end together, long after the last answer to somebody else.
class Breakers {
 public:
  Breakers(const Clock& clock, const BreakerSettings& settings, std::size_t remembered)
      : clock_(clock), settings_(settings), entries_(remembered) {}
  Breakers(const Breakers&) = delete;
  Breakers& operator=(const Breakers&) = delete;

  // The right to ask once. Destroyed without a verdict (the asker gave up), it counts for neither side; a
  // probe's place is then free again.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    void succeeded();
    // `why` in words that the next ones who are turned away may read. `from`: of several failures in a row
    // from one and the same only the first counts; empty: each does.
    void failed(std::string why, const std::string& from = {});

   private:
    friend class Breakers;
    Pass(Breakers& breakers, std::string key, bool probe, SteadyTime since)
        : breakers_(&breakers), key_(std::move(key)), probe_(probe), since_(since) {}
    Breakers* breakers_;
    std::string key_;
    bool probe_;
    SteadyTime since_;
  };

  // Empty while the circuit is open, and while another probe is out.
  std::optional<Pass> enter(const std::string& key);
  // Why enter() refuses, and for how much longer (zero when a probe is out).
  struct Refusal {
    Duration wait{};
    std::string last_failure;
  };
  Refusal refusal(const std::string& key);

 private:
  struct Entry {
    unsigned failures = 0;
    SteadyTime open_until{};
    Duration period{};
    bool probing = false;
    std::string last_failure;
    std::string last_from;
    SteadyTime succeeded = SteadyTime::min();
  };
  void succeed(const std::string& key);
  void fail(const Pass& pass, std::string why, const std::string& from);
  bool is_open(const Entry& entry) const { return entry.failures >= settings_.failures; }

  const Clock& clock_;
  BreakerSettings settings_;
  BoundedMap<Entry> entries_;
};

}  // namespace digester::registry
