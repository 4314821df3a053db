// Durations as Go writes them and sizes as Kubernetes writes them: what operators already type.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester {

using Duration = std::chrono::nanoseconds;

// Go's time.ParseDuration without a sign: a sequence of decimal numbers with a unit out of
// ns, us, µs, ms, s, m, h ("10s", "1h30m", "1.5s"), or a bare "0". At most about 292 years.
Result<Duration> parse_duration(std::string_view text);

// The shortest form with those units: "1h30m", "250ms", "0s".
std::string format_duration(Duration duration);

// A Kubernetes quantity of bytes: decimal with an optional suffix k M G T P E or Ki Mi Gi Ti Pi Ei.
// Fractions are rounded up ("1.5Ki" is 1536); negative values are errors.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace digester
