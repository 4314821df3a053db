#include "webhook/deadline.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::webhook {

using namespace std::chrono_literals;

std::optional<Duration> timeout_of(std::string_view query) {
  constexpr std::string_view kKey = "timeout=";
  for (const auto part : text::split(query, '&')) {
    if (!part.starts_with(kKey)) continue;
    if (const auto parsed = parse_duration(part.substr(kKey.size())); parsed && *parsed > 0s) return *parsed;
    return std::nullopt;
  }
  return std::nullopt;
}

SteadyTime deadline(SteadyTime received, std::string_view query, Duration budget) {
  const auto timeout = timeout_of(query);
  if (!timeout || *timeout > 24h) return received + budget;
  const Duration headroom = std::clamp<Duration>(*timeout / 10, 100ms, 1s);
  return received + std::min(budget, std::max<Duration>(*timeout - headroom, *timeout / 2));
}

}  // namespace digester::webhook
