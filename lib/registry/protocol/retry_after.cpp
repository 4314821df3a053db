#include "registry/protocol/retry_after.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace digester::registry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLongest = 10 * 365 * 24h;

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  value = text::trim(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto seconds =
        value.size() > 9 ? kLongest : Duration(std::chrono::seconds(number(value).value_or(0)));
    return std::min(seconds, kLongest);
  }
  if (const auto date = parse_http_date(value)) {
    if (*date <= now) return Duration::zero();
    return std::min<Duration>(std::chrono::duration_cast<std::chrono::seconds>(*date - now) + 1s, kLongest);
  }
  if (const auto duration = parse_duration(value)) return std::min(*duration, kLongest);
  return std::nullopt;
}

}  // namespace digester::registry::protocol
