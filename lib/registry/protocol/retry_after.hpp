// When a peer says "not now", until when (RFC 9110 §10.2.3).
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/units.hpp"

namespace digester::registry::protocol {

// Seconds, an HTTP-date in any of its three forms, or a duration such as "1.246809ms" (ghcr.io). A date that
// has passed is zero. At most ten years; empty optional when it is none of these.
std::optional<Duration> parse_retry_after(std::string_view value, WallTime now);

}  // namespace digester::registry::protocol
