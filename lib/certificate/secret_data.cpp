#include "certificate/secret_data.hpp"

#include <fmt/format.h>

#include <charconv>

namespace digester::certificate {
namespace {

namespace chrono = std::chrono;

// A number of exactly so many digits at the start of `text`, which it is cut from; nothing if there is none.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t count) {
  unsigned value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

}  // namespace

std::string format_rfc3339(Time time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  unsigned parts[6] = {};
  std::size_t part = 0;
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t at = 0; at < kShape.size();) {
    if (kShape[at] != 'd') {
      if (text.front() != kShape[at++]) return std::nullopt;
      text.remove_prefix(1);
      continue;
    }
    const std::size_t count = at == 0 ? 4 : 2;
    const auto value = take_digits(text, count);
    if (!value) return std::nullopt;
    parts[part++] = *value;
    at += count;
  }
  const chrono::year_month_day date(chrono::year(static_cast<int>(parts[0])), chrono::month(parts[1]),
                                    chrono::day(parts[2]));
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return std::nullopt;
  return Time(chrono::sys_days(date)) + chrono::hours(parts[3]) + chrono::minutes(parts[4]) +
         seconds(parts[5]);
}

SecretData from_secret_keys(const std::map<std::string, std::string>& data) {
  const auto text = [&data](const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? std::string() : found->second;
  };
  SecretData out;
  out.ca_crt = text("ca.crt");
  out.ca_key = text("ca.key");
  out.tls_crt = text("tls.crt");
  out.tls_key = text("tls.key");
  out.ca_next_crt = text("ca-next.crt");
  out.ca_next_key = text("ca-next.key");
  out.ca_old_crt = text("ca-old.crt");
  out.next_published = parse_rfc3339(text("ca-next-published"));
  out.old_since = parse_rfc3339(text("ca-old-since"));
  return out;
}

std::map<std::string, std::string> to_secret_keys(const SecretData& secret) {
  const auto time = [](const std::optional<Time>& at) { return at ? format_rfc3339(*at) : std::string(); };
  return {{"ca.crt", secret.ca_crt},
          {"ca.key", secret.ca_key},
          {"tls.crt", secret.tls_crt},
          {"tls.key", secret.tls_key},
          {"ca-next.crt", secret.ca_next_crt},
          {"ca-next.key", secret.ca_next_key},
          {"ca-next-published", time(secret.next_published)},
          {"ca-old.crt", secret.ca_old_crt},
          {"ca-old-since", time(secret.old_since)}};
}

}  // namespace digester::certificate
