// Structured logging: one record, one line. The sink is injected, so this room does no I/O.
//
// Never log a secret: a credential, a token, a URL's userinfo or query, a peer's body.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"

namespace digester {

enum class Level { debug, info, warn, error };

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

enum class LogFormat { json, text };

class Logger {
 public:
  // Called with one complete line, its line feed included; from any thread. Logs nothing itself.
  using Sink = std::function<void(std::string_view line)>;

  Logger(const Clock& clock, Sink sink, Level level, LogFormat format)
      : clock_(&clock), sink_(std::move(sink)), level_(level), format_(format) {}

  bool enabled(Level level) const { return level >= level_; }

  // JSON: {"ts":"…Z","level":"info","msg":"…",fields…}. Strings are escaped so that the line is printable,
  // and bounded (4 KiB); bytes that are no UTF-8 are spelt out. `raw_json` is appended as it is, a comma
  // before it: `"images":[…]`, made by the caller's JSON writer.
  void log(Level level, std::string_view message, std::initializer_list<Field> fields = {},
           std::string_view raw_json = {}) const;

  void debug(std::string_view m, std::initializer_list<Field> f = {}) const { log(Level::debug, m, f); }
  void info(std::string_view m, std::initializer_list<Field> f = {}) const { log(Level::info, m, f); }
  void warn(std::string_view m, std::initializer_list<Field> f = {}) const { log(Level::warn, m, f); }
  void error(std::string_view m, std::initializer_list<Field> f = {}) const { log(Level::error, m, f); }

 private:
  void append_json(std::string& out, Level level, std::string_view message,
                   std::initializer_list<Field> fields, std::string_view raw_json) const;
  void append_text(std::string& out, Level level, std::string_view message,
                   std::initializer_list<Field> fields, std::string_view raw_json) const;

  const Clock* clock_;
  Sink sink_;
  Level level_;
  LogFormat format_;
};

}  // namespace digester
