#include "base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace digester {
namespace {

struct Number {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;  // in units of 1/scale
  std::uint64_t scale = 1;
};

// Reads digits [ "." digits ] off the front of `text`; digits beyond nine decimals are dropped.
std::optional<Number> take_number(std::string_view& text) {
  Number number;
  bool any = false;
  auto digit = [&] { return !text.empty() && text.front() >= '0' && text.front() <= '9'; };
  for (; digit(); text.remove_prefix(1), any = true) {
    const auto value = static_cast<std::uint64_t>(text.front() - '0');
    if (number.whole > (std::numeric_limits<std::uint64_t>::max() - value) / 10) return std::nullopt;
    number.whole = number.whole * 10 + value;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    for (; digit(); text.remove_prefix(1), any = true) {
      if (number.scale >= 1'000'000'000) continue;
      number.fraction = number.fraction * 10 + static_cast<std::uint64_t>(text.front() - '0');
      number.scale *= 10;
    }
  }
  if (!any) return std::nullopt;
  return number;
}

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kTimeUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"µs", 1'000},
    {"μs", 1'000},
    {"ms", 1'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
}};

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 13> kByteUnits{{
    {"", 1},
    {"k", 1'000},
    {"M", 1'000'000},
    {"G", 1'000'000'000},
    {"T", 1'000'000'000'000},
    {"P", 1'000'000'000'000'000},
    {"E", 1'000'000'000'000'000'000},
    {"Ki", 1ULL << 10},
    {"Mi", 1ULL << 20},
    {"Gi", 1ULL << 30},
    {"Ti", 1ULL << 40},
    {"Pi", 1ULL << 50},
    {"Ei", 1ULL << 60},
}};

// What stands where a unit should, up to the next number.
std::string_view unit_of(std::string_view text) {
  return text.substr(0, text.find_first_of("0123456789."));
}

// whole * unit + fraction * unit / scale, rounded up; empty when it exceeds int64.
std::optional<std::uint64_t> scaled(const Number& n, std::uint64_t unit) {
  __extension__ using Wide = unsigned __int128;
  const Wide value =
      static_cast<Wide>(n.whole) * unit + (static_cast<Wide>(n.fraction) * unit + n.scale - 1) / n.scale;
  if (value > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is not a duration: {} (write it as Go does: 500ms, 10s, 1h30m)",
                            text::printable(text, 64), why));
  };
  if (text == "0") return Duration::zero();
  if (text.empty()) return bad("it is empty");
  if (text.starts_with('-')) return bad("it is negative");
  std::uint64_t total = 0;
  for (auto rest = text; !rest.empty();) {
    const auto number = take_number(rest);
    if (!number) return bad("a number is missing");
    const std::pair<std::string_view, std::uint64_t>* unit = nullptr;
    for (const auto& candidate : kTimeUnits)
      if (rest.starts_with(candidate.first) && (!unit || candidate.first.size() > unit->first.size()))
        unit = &candidate;
    if (!unit && (rest.empty() || (rest.front() >= '0' && rest.front() <= '9') || rest.front() == '.'))
      return bad("a unit is missing");
    if (!unit) return bad(fmt::format("unknown unit \"{}\"", text::printable(unit_of(rest), 16)));
    rest.remove_prefix(unit->first.size());
    const auto part = scaled(*number, unit->second);
    if (!part || total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - *part)
      return bad("it is too long");
    total += *part;
  }
  return Duration(static_cast<std::int64_t>(total));
}

std::string format_duration(Duration duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  std::string out = count < 0 ? "-" : "";
  // Unsigned, since the most negative duration has no positive counterpart.
  const auto ns = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  if (ns < 1'000'000'000) {
    if (ns % 1'000'000 == 0) return out + fmt::format("{}ms", ns / 1'000'000);
    if (ns % 1'000 == 0) return out + fmt::format("{}us", ns / 1'000);
    return out + fmt::format("{}ns", ns);
  }
  const auto hours = ns / 3'600'000'000'000;
  const auto minutes = ns / 60'000'000'000 % 60;
  const auto rest = ns % 60'000'000'000;
  if (hours != 0) out += fmt::format("{}h", hours);
  if (minutes != 0) out += fmt::format("{}m", minutes);
  if (rest == 0) return out;
  out += fmt::format("{}", rest / 1'000'000'000);
  if (const auto fraction = rest % 1'000'000'000; fraction != 0) {
    auto decimals = fmt::format(".{:09}", fraction);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    out += decimals;
  }
  return out + "s";
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  auto rest = text;
  if (const auto number = take_number(rest))
    for (const auto& [suffix, unit] : kByteUnits)
      if (rest == suffix)
        if (const auto value = scaled(*number, unit)) return *value;
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is not a size (write it as Kubernetes does: 512Ki, 64Mi, 1G)",
                          text::printable(text, 64)));
}

}  // namespace digester
