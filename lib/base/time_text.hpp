// Points in time as files and protocols write them: RFC 3339, and the dates of HTTP.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace digester {

// "2006-01-02T15:04:05Z". Years 0 to 9999.
std::string format_rfc3339(std::chrono::sys_seconds time);

// "2006-01-02T15:04:05[.fraction](Z|±hh:mm)", years 0 to 9999. A leap second counts as the next one, and what
// is smaller than a microsecond is cut off.
std::optional<std::chrono::sys_time<std::chrono::microseconds>> parse_rfc3339(std::string_view text);

// RFC 9110 §5.6.7: IMF-fixdate, RFC 850 and asctime dates; years 1970 to 2200.
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace digester
