#include "base/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"

namespace digester {
namespace {

namespace chrono = std::chrono;

// Reads what is at fixed places, from left to right; after the first surprise nothing counts.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!has_digit()) {
        ok_ = false;
        return 0;
      }
      value = value * 10 + take_digit();
    }
    return value;
  }
  char one_of(std::string_view characters) {
    ok_ = ok_ && !rest_.empty() && characters.find(rest_.front()) != std::string_view::npos;
    if (!ok_) return '\0';
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }
  // ".123", or nothing.
  chrono::microseconds fraction() {
    chrono::microseconds sum{0};
    if (!ok_ || !rest_.starts_with('.')) return sum;
    rest_.remove_prefix(1);
    ok_ = has_digit();
    for (int unit = 100'000; has_digit(); unit /= 10)
      sum += chrono::microseconds(unit * take_digit());
    return sum;
  }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  bool has_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int take_digit() {
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Nothing if there is no such day or time.
std::optional<chrono::sys_seconds> point(int year, int month, int day, int hour, int minute, int second) {
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) + chrono::seconds(second);
}

int month_of(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(kNames, name);
  return found == kNames.end() ? 0 : static_cast<int>(found - kNames.begin()) + 1;
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

}  // namespace

std::string format_rfc3339(chrono::sys_seconds time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<chrono::sys_time<chrono::microseconds>> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  const int year = reader.number(4);
  reader.one_of("-");
  const int month = reader.number(2);
  reader.one_of("-");
  const int day = reader.number(2);
  reader.one_of("Tt");
  const int hour = reader.number(2);
  reader.one_of(":");
  const int minute = reader.number(2);
  reader.one_of(":");
  const int second = reader.number(2);
  const auto fraction = reader.fraction();
  const char zone = reader.one_of("Zz+-");
  chrono::minutes offset{0};
  if (zone == '+' || zone == '-') {
    const int hours = reader.number(2);
    reader.one_of(":");
    const int minutes = reader.number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = chrono::hours(hours) + chrono::minutes(minutes);
    if (zone == '-') offset = -offset;
  }
  if (!reader.at_end()) return std::nullopt;
  const auto time = point(year, month, day, hour, minute, second);
  if (!time) return std::nullopt;
  return *time + fraction - offset;
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"
  auto part = words(text);
  if (part.size() == 5) part = {part[0], part[2], part[1], part[4], part[3], "GMT"};
  if (part.size() != 6 || part[5] != "GMT" || part[1].empty() || part[1].size() > 2) return std::nullopt;
  Reader day_text(part[1]);
  Reader year_text(part[3]);
  Reader time(part[4]);
  const bool short_year = part[3].size() == 2;
  const int day = day_text.number(part[1].size());
  int year = year_text.number(short_year ? 2 : 4);
  if (short_year) year += year < 70 ? 2000 : 1900;
  const int hour = time.number(2);
  time.one_of(":");
  const int minute = time.number(2);
  time.one_of(":");
  const int second = time.number(2);
  if (!day_text.at_end() || !year_text.at_end() || !time.at_end() || year < 1970 || year > 2200)
    return std::nullopt;
  return point(year, month_of(part[2]), day, hour, minute, second);
}

}  // namespace digester
