// Reading JSON: a bounded, fully validated, read-only tree (RFC 8259, UTF-8 only).
//
// The parser behind it (simdjson: RapidJSON's in-situ reader takes more than twice the time, and its default
// one overflows the stack on deep input) stays inside this room's .cpp files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::json {

enum class Type { null, boolean, number, string, array, object };

struct Member;
template <typename T>
class Range;

// A handle into a Document, 16 bytes, cheap to copy; valid while the Document lives and does not parse again.
// A default-constructed Value is absent: every accessor answers as for a value of another type.
class Value {
 public:
  Value() = default;
  bool present() const { return document_ != nullptr; }  // null counts as present

  Type type() const;  // absent: Type::null
  bool is_null() const { return present() && type() == Type::null; }
  bool is_object() const { return present() && type() == Type::object; }
  bool is_array() const { return present() && type() == Type::array; }
  bool is_string() const { return present() && type() == Type::string; }

  std::optional<std::string_view> string() const;  // decoded; lives as long as the Document's content
  std::string_view string_or(std::string_view fallback) const { return string().value_or(fallback); }
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;  // integers in range only
  std::optional<double> number() const;

  // Object member; of duplicate keys the last, as Go's encoding/json decides. Absent if there is none.
  Value find(std::string_view key) const;
  // find() along a path of keys: value.at({"spec", "template"}).
  Value at(std::initializer_list<std::string_view> path) const;

  Range<Value> elements() const;  // of an array, in order; empty for other types
  Range<Member> members() const;  // of an object, in document order, duplicates included; else empty
  std::size_t size() const;       // elements or members; 0 for other types

 private:
  friend class Document;
  friend struct Access;
  const void* document_ = nullptr;
  std::size_t index_ = 0;
};

struct Member {
  std::string_view key;
  Value value;
};

// Iteration over a container's content. T is Value or Member.
template <typename T>
class Range {
 public:
  class Iterator {
   public:
    T operator*() const;
    Iterator& operator++();
    friend bool operator!=(const Iterator& a, const Iterator& b) { return a.index_ != b.index_; }

   private:
    friend class Value;
    const void* document_ = nullptr;
    std::size_t index_ = 0;
  };
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }

 private:
  friend class Value;
  Iterator begin_;
  Iterator end_;
};

template <>
Value Range<Value>::Iterator::operator*() const;
template <>
Range<Value>::Iterator& Range<Value>::Iterator::operator++();
template <>
Member Range<Member>::Iterator::operator*() const;
template <>
Range<Member>::Iterator& Range<Member>::Iterator::operator++();

// Deep equality: objects as sets of members, arrays in order, numbers by value, present null and absent
// different. Objects with the very same sequence of keys compare pairwise, duplicates included; otherwise of
// duplicates the last counts.
bool equal(Value a, Value b);

// Owns a parsed text. Reuse one for many texts: its memory is kept.
class Document {
 public:
  // Deeper nesting is refused; far beyond what the API server itself accepts from clients.
  static constexpr std::size_t kMaxDepth = 512;

  Document();
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  // Parses one JSON value, the whole text. A BOM, trailing content, invalid UTF-8, lone surrogates and
  // floating-point numbers out of range are ErrorKind::invalid with a message that names the cause; without
  // memory for the tree it is ErrorKind::unavailable. Integers beyond 64 bits are numbers, but no integers.
  // `text` may be changed and is not needed afterwards. Values of an earlier parse become invalid.
  Result<Value> parse(std::string& text);
  Result<Value> parse(std::string&& text) { return parse(text); }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digester::json
