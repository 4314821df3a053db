// Writing JSON, compact, into one string.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace digester::json {

// Calls must nest as the document does; asserted in debug builds. Strings that are not UTF-8 are made
// printable first, so that the output always is.
class Writer {
 public:
  Writer();
  ~Writer();
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& string(std::string_view value);
  Writer& integer(std::int64_t value);
  Writer& number(double value);  // finite only; else null
  Writer& boolean(bool value);
  Writer& null();

  // Shorthands for a member.
  Writer& member(std::string_view name, std::string_view value) { return key(name).string(value); }
  Writer& member(std::string_view name, const char* value) { return key(name).string(value); }
  Writer& member(std::string_view name, bool value) { return key(name).boolean(value); }
  Writer& member(std::string_view name, std::int64_t value) { return key(name).integer(value); }
  Writer& member(std::string_view name, int value) { return key(name).integer(value); }

  std::string_view view() const;  // valid until the next call
  std::string str() const { return std::string(view()); }
  void clear();  // keeps the memory

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digester::json
