#include "registry/protocol/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/text.hpp"

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

std::optional<unsigned> month(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kNames.begin()) + 1;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  constexpr std::string_view kBetween = " ,-";
  while (out.size() < 8) {
    const auto from = text.find_first_not_of(kBetween);
    if (from == std::string_view::npos) break;
    text.remove_prefix(from);
    const auto length = std::min(text.find_first_of(kBetween), text.size());
    out.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  const auto parts = text::split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const auto h = number(parts[0]);
  const auto m = number(parts[1]);
  const auto s = number(parts[2]);
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  return std::chrono::hours(*h) + std::chrono::minutes(*m) + std::chrono::seconds(*s);
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view value) {
  // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"
  auto part = words(value);
  if (part.size() == 5) part = {part[0], part[2], part[1], part[4], part[3], "GMT"};
  if (part.size() != 6 || part[5] != "GMT") return std::nullopt;
  const auto d = number(part[1]);
  const auto m = month(part[2]);
  auto y = number(part[3]);
  const auto time = time_of_day(part[4]);
  if (!d || !m || !y || !time) return std::nullopt;
  if (part[3].size() == 2) *y += *y < 70 ? 2000 : 1900;
  if (*y < 1970 || *y > 2200) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*y), std::chrono::month(*m),
                                         std::chrono::day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + *time;
}

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
