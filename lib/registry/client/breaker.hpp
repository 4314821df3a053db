// Circuit breakers: who has failed often enough is left alone for a while, then asked by one probe.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "registry/client/bounded_map.hpp"
#include "registry/settings.hpp"

namespace digester::registry {

// One thread. A key is a host or a repository; only those that fail are remembered.
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
    void failed(std::string why);  // in words that the next ones who are turned away may read

   private:
    friend class Breakers;
    Pass(Breakers& breakers, std::string key, bool probe)
        : breakers_(&breakers), key_(std::move(key)), probe_(probe) {}
    Breakers* breakers_;
    std::string key_;
    bool probe_;
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
  };
  void fail(const std::string& key, bool probe, std::string why);
  bool is_open(const Entry& entry) const { return entry.failures >= settings_.failures; }

  const Clock& clock_;
  BreakerSettings settings_;
  BoundedMap<Entry> entries_;
};

}  // namespace digester::registry
