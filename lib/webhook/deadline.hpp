// How long one review may take.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/units.hpp"

namespace digester::webhook {

// The `timeout` of the API server's query ("timeout=10s", as Go writes it); empty if there is none or it is
// no duration.
std::optional<Duration> timeout_of(std::string_view query);

// When the answer has to be ready: `budget` after the request came, or earlier where the API server waits
// less. Of its time a tenth is kept back for the way there and back, at least 100 ms and at most a second.
SteadyTime deadline(SteadyTime received, std::string_view query, Duration budget);

}  // namespace digester::webhook
