// The steps of decide(): repairing what cannot be served, renewing and rotating what can.
#pragma once

#include "certificate/facts.hpp"

namespace digester::certificate {

// Clocks of replicas differ; a time in the Secret that is further in the future than this is wrong.
inline constexpr seconds kClockSkew = std::chrono::minutes(5);

struct RotationTimes {
  Time due;              // a new CA is added
  Time earliest_switch;  // it may sign, the overlap permitting
  Time keep;             // a clock a little behind does not take the new CA away again
};
RotationTimes rotation_times(const Settings& settings, const Facts& facts);

// facts.leaf_fault is not empty: always writes a pair that can be served.
Result<Decision> repair(const SecretData& secret, const Settings& settings, const Facts& facts, Time now);

// facts.leaf_fault is empty and facts.uncertain false: one step, or none.
Result<Decision> rotate(const SecretData& secret, const Settings& settings, const Observed& observed,
                        const Facts& facts, Time now);

// Moves the CAs that sign or have signed to ca-old.crt; those of the bundles too if asked: what they verify
// may still be served by replicas that have not read the Secret again.
void retire_cas(SecretData& out, const Facts& facts, bool with_bundle, Time now);

}  // namespace digester::certificate
