#include "base/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"

namespace digester {
namespace {

// Other people's text is bounded.
constexpr std::size_t kMaxField = 4096;
constexpr std::size_t kKeptLine = 64 * 1024;

void append_json_text(std::string& out, std::string_view text) {
  if (text.size() > kMaxField)
    text::append_json_string(out, text::truncate(text, kMaxField));
  else
    text::append_json_string(out, text);
}

void append_integer(std::string& out, std::int64_t value) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

// Three decimals: measured times and rates say no more, and integers are printed ten times as fast.
void append_number(std::string& out, double value) {
  constexpr double kLargest = 1e15;
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (std::abs(value) >= kLargest) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", value);
    return;
  }
  const auto thousandths = static_cast<std::uint64_t>(std::llround(std::abs(value) * 1000));
  if (value < 0 && thousandths != 0) out += '-';
  append_integer(out, static_cast<std::int64_t>(thousandths / 1000));
  const auto rest = static_cast<int>(thousandths % 1000);
  if (rest == 0) return;
  const char digits[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  out.append(digits, rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2);
}

// All but strings, which the formats write in their own ways.
template <typename Value>
void append_plain(std::string& out, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    append_integer(out, *integer);
  else if (const auto* number = std::get_if<double>(&value))
    append_number(out, *number);
  else
    out += std::get<bool>(value) ? "true" : "false";
}

constexpr std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "info";
}

// RFC 3339 in UTC, with milliseconds. A thread formats the part up to the second once a second.
void append_time(std::string& out, WallTime time) {
  struct Formatted {
    std::int64_t second = -1;
    std::string text;
  };
  thread_local Formatted last;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  if (last.second != ms / 1000) {
    last.second = ms / 1000;
    last.text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(last.second)));
  }
  const auto part = static_cast<int>(ms % 1000);
  const char digits[] = {'.', static_cast<char>('0' + part / 100), static_cast<char>('0' + part / 10 % 10),
                         static_cast<char>('0' + part % 10), 'Z'};
  out.append(last.text).append(digits, sizeof digits);
}

}  // namespace

void Logger::log(Level level, std::string_view message, std::initializer_list<Field> fields,
                 std::string_view raw_json) const {
  if (!enabled(level)) return;
  thread_local std::string line;  // its memory is kept
  line.clear();
  if (format_ == LogFormat::json)
    append_json(line, level, message, fields, raw_json);
  else
    append_text(line, level, message, fields, raw_json);
  sink_(line);
  if (line.capacity() > kKeptLine) line = {};
}

void Logger::append_json(std::string& out, Level level, std::string_view message,
                         std::initializer_list<Field> fields, std::string_view raw_json) const {
  out += "{\"ts\":\"";
  append_time(out, clock_->wall());
  out.append("\",\"level\":\"").append(name(level)).append("\",\"msg\":");
  append_json_text(out, message);
  for (const auto& field : fields) {
    out += ',';
    text::append_json_string(out, field.key);
    out += ':';
    if (const auto* s = std::get_if<std::string_view>(&field.value))
      append_json_text(out, *s);
    else
      append_plain(out, field.value);
  }
  if (!raw_json.empty()) out.append(",").append(raw_json);
  out += "}\n";
}

void Logger::append_text(std::string& out, Level level, std::string_view message,
                         std::initializer_list<Field> fields, std::string_view raw_json) const {
  append_time(out, clock_->wall());
  fmt::format_to(std::back_inserter(out), " {:5} {}", name(level), text::printable(message, kMaxField));
  for (const auto& field : fields) {
    out.append(" ").append(field.key).append("=");
    if (const auto* s = std::get_if<std::string_view>(&field.value)) {
      const auto shown = text::printable(*s, kMaxField);
      if (s->empty() || s->find_first_of(" \"=") != std::string_view::npos)
        text::append_json_string(out, shown);
      else
        out += shown;
    } else {
      append_plain(out, field.value);
    }
  }
  if (!raw_json.empty()) out.append(" ").append(raw_json);
  out += '\n';
}

}  // namespace digester
