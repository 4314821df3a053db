#include "base/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"

namespace digester {
namespace {

using Buffer = fmt::memory_buffer;

void append(Buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

constexpr std::size_t kMaxField = 16 * 1024;

// RFC 8259 §7, ASCII controls escaped; what is not UTF-8 is made printable first. Other people's text is
// bounded.
void append_json_string(Buffer& out, std::string_view text) {
  std::string repaired;
  if (text.size() > kMaxField) {
    repaired = text::truncate(text, kMaxField);
    text = repaired;
  }
  if (!text::is_valid_utf8(text)) {
    repaired = text::printable(text, text.size() * 4);
    text = repaired;
  }
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        append(out, "\\\"");
        break;
      case '\\':
        append(out, "\\\\");
        break;
      case '\n':
        append(out, "\\n");
        break;
      case '\r':
        append(out, "\\r");
        break;
      case '\t':
        append(out, "\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        else
          out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_number(Buffer& out, double value) {
  if (std::isfinite(value))
    fmt::format_to(std::back_inserter(out), "{}", value);
  else
    append(out, "null");
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

void append_time(Buffer& out, WallTime time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  fmt::format_to(std::back_inserter(out), "{:%Y-%m-%dT%H:%M:%S}.{:03d}Z",
                 fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

}  // namespace

void Logger::log(Level level, std::string_view message, std::initializer_list<Field> fields,
                 std::string_view raw_json) const {
  if (!enabled(level)) return;
  Buffer out;
  if (format_ == LogFormat::json) {
    append(out, "{\"ts\":\"");
    append_time(out, clock_->wall());
    append(out, "\",\"level\":\"");
    append(out, name(level));
    append(out, "\",\"msg\":");
    append_json_string(out, message);
    for (const auto& field : fields) {
      out.push_back(',');
      append_json_string(out, field.key);
      out.push_back(':');
      if (const auto* s = std::get_if<std::string_view>(&field.value))
        append_json_string(out, *s);
      else if (const auto* i = std::get_if<std::int64_t>(&field.value))
        fmt::format_to(std::back_inserter(out), "{}", *i);
      else if (const auto* d = std::get_if<double>(&field.value))
        append_number(out, *d);
      else
        append(out, std::get<bool>(field.value) ? "true" : "false");
    }
    if (!raw_json.empty()) {
      out.push_back(',');
      append(out, raw_json);
    }
    append(out, "}\n");
  } else {
    append_time(out, clock_->wall());
    fmt::format_to(std::back_inserter(out), " {:5} {}", name(level), text::printable(message, 4096));
    for (const auto& field : fields) {
      fmt::format_to(std::back_inserter(out), " {}=", field.key);
      std::visit(
          [&](const auto& v) {
            if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string_view>) {
              if (v.empty() || v.find_first_of(" \"=") != std::string_view::npos)
                append_json_string(out, text::printable(v, 4096));
              else
                append(out, text::printable(v, 4096));
            } else {
              fmt::format_to(std::back_inserter(out), "{}", v);
            }
          },
          field.value);
    }
    if (!raw_json.empty()) {
      out.push_back(' ');
      append(out, raw_json);
    }
    out.push_back('\n');
  }
  sink_(std::string_view(out.data(), out.size()));
}

}  // namespace digester
