#include "json/value.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

namespace digester::json {

namespace dom = simdjson::dom;

namespace {
struct Raw {
  const void* document;
  std::size_t index;
};
static_assert(sizeof(dom::element) == sizeof(Raw) && std::is_trivially_copyable_v<dom::element>);
static_assert(sizeof(dom::array::iterator) == sizeof(Raw) && sizeof(dom::object::iterator) == sizeof(Raw));
}  // namespace

// The one place that knows that our handles and simdjson's are the same two words.
struct Access {
  static dom::element element(const Value& v) {
    return std::bit_cast<dom::element>(Raw{v.document_, v.index_});
  }
  static Value value(const dom::element& e) {
    const auto raw = std::bit_cast<Raw>(e);
    Value v;
    v.document_ = raw.document;
    v.index_ = raw.index;
    return v;
  }
};

Type Value::type() const {
  if (!present()) return Type::null;
  switch (Access::element(*this).type()) {
    case dom::element_type::ARRAY:
      return Type::array;
    case dom::element_type::OBJECT:
      return Type::object;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return Type::number;
    case dom::element_type::STRING:
      return Type::string;
    case dom::element_type::BOOL:
      return Type::boolean;
    case dom::element_type::NULL_VALUE:
      return Type::null;
  }
  return Type::null;
}

std::optional<std::string_view> Value::string() const {
  std::string_view out;
  if (!present() || Access::element(*this).get_string().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<bool> Value::boolean() const {
  bool out = false;
  if (!present() || Access::element(*this).get_bool().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<std::int64_t> Value::integer() const {
  std::int64_t out = 0;
  if (!present() || Access::element(*this).get_int64().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<double> Value::number() const {
  double out = 0;
  if (!present() || Access::element(*this).get_double().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

Value Value::find(std::string_view key) const {
  Value found;
  dom::object object;
  if (!present() || Access::element(*this).get_object().get(object) != simdjson::SUCCESS) return found;
  for (auto it = object.begin(), end = object.end(); it != end; ++it)
    if (it.key_equals(key)) found = Access::value(it.value());
  return found;
}

Value Value::at(std::initializer_list<std::string_view> path) const {
  Value value = *this;
  for (const auto key : path)
    value = value.find(key);
  return value;
}

Range<Value> Value::elements() const {
  Range<Value> range;
  dom::array array;
  if (!present() || Access::element(*this).get_array().get(array) != simdjson::SUCCESS) return range;
  const auto begin = std::bit_cast<Raw>(array.begin());
  const auto end = std::bit_cast<Raw>(array.end());
  range.begin_.document_ = begin.document;
  range.begin_.index_ = begin.index;
  range.end_.document_ = end.document;
  range.end_.index_ = end.index;
  return range;
}

Range<Member> Value::members() const {
  Range<Member> range;
  dom::object object;
  if (!present() || Access::element(*this).get_object().get(object) != simdjson::SUCCESS) return range;
  const auto begin = std::bit_cast<Raw>(object.begin());
  const auto end = std::bit_cast<Raw>(object.end());
  range.begin_.document_ = begin.document;
  range.begin_.index_ = begin.index;
  range.end_.document_ = end.document;
  range.end_.index_ = end.index;
  return range;
}

// Counted, not read from the parser, whose own count saturates at 2^24 - 1.
std::size_t Value::size() const {
  std::size_t count = 0;
  auto all = elements();
  for (auto it = all.begin(); it != all.end(); ++it)
    ++count;
  auto named = members();
  for (auto it = named.begin(); it != named.end(); ++it)
    ++count;
  return count;
}

template <>
Value Range<Value>::Iterator::operator*() const {
  return Access::value(*std::bit_cast<dom::array::iterator>(Raw{document_, index_}));
}
template <>
Range<Value>::Iterator& Range<Value>::Iterator::operator++() {
  auto it = std::bit_cast<dom::array::iterator>(Raw{document_, index_});
  index_ = std::bit_cast<Raw>(++it).index;
  return *this;
}
template <>
Member Range<Member>::Iterator::operator*() const {
  const auto it = std::bit_cast<dom::object::iterator>(Raw{document_, index_});
  return Member{it.key(), Access::value(it.value())};
}
template <>
Range<Member>::Iterator& Range<Member>::Iterator::operator++() {
  auto it = std::bit_cast<dom::object::iterator>(Raw{document_, index_});
  index_ = std::bit_cast<Raw>(++it).index;
  return *this;
}

namespace {

bool same_keys_in_order(Range<Member> left, Range<Member> right) {
  auto l = left.begin();
  auto r = right.begin();
  for (; l != left.end() && r != right.end(); ++l, ++r)
    if ((*l).key != (*r).key) return false;
  return !(l != left.end()) && !(r != right.end());
}

// Sorted by key, of duplicates only the last.
std::vector<Member> sorted_members(Value object) {
  std::vector<Member> members;
  for (const Member m : object.members())
    members.push_back(m);
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& x, const Member& y) { return x.key < y.key; });
  std::vector<Member> last;
  for (const auto& m : members) {
    if (!last.empty() && last.back().key == m.key) last.pop_back();
    last.push_back(m);
  }
  return last;
}

// Each pair of values is compared at most once: a second look at every level would be exponential.
bool equal_objects(Value a, Value b) {
  const auto left = a.members();
  const auto right = b.members();
  if (same_keys_in_order(left, right)) {
    for (auto l = left.begin(), r = right.begin(); l != left.end(); ++l, ++r)
      if (!equal((*l).value, (*r).value)) return false;
    return true;
  }
  const auto x = sorted_members(a);
  const auto y = sorted_members(b);
  if (x.size() != y.size()) return false;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i].key != y[i].key || !equal(x[i].value, y[i].value)) return false;
  return true;
}

bool equal_numbers(const dom::element& a, const dom::element& b) {
  if (a.type() == b.type()) {
    if (a.is_int64()) return a.get_int64().value_unsafe() == b.get_int64().value_unsafe();
    if (a.is_uint64()) return a.get_uint64().value_unsafe() == b.get_uint64().value_unsafe();
  }
  double x = 0;
  double y = 0;
  return a.get_double().get(x) == simdjson::SUCCESS && b.get_double().get(y) == simdjson::SUCCESS && x == y;
}

}  // namespace

// Recursion is bounded by Document::kMaxDepth.
bool equal(Value a, Value b) {
  if (!a.present() || !b.present()) return a.present() == b.present();
  const auto type = a.type();
  if (type != b.type()) return false;
  switch (type) {
    case Type::null:
      return true;
    case Type::boolean:
      return a.boolean() == b.boolean();
    case Type::string:
      return a.string() == b.string();
    case Type::number:
      return equal_numbers(Access::element(a), Access::element(b));
    case Type::array: {
      auto left = a.elements();
      auto right = b.elements();
      auto l = left.begin();
      auto r = right.begin();
      for (; l != left.end() && r != right.end(); ++l, ++r)
        if (!equal(*l, *r)) return false;
      return !(l != left.end()) && !(r != right.end());
    }
    case Type::object:
      return equal_objects(a, b);
  }
  return false;
}

namespace {

// simdjson refuses integers beyond 64 bits, which Go writes for large floating-point numbers. Written with an
// exponent they are taken; nobody reads them exactly. Empty: there is none.
std::string widen_integers(std::string_view text) {
  constexpr std::size_t kFits = 18;  // digits
  std::string out;
  std::size_t copied = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    if (c < '0' || c > '9') continue;
    const auto end = std::min(text.find_first_not_of("0123456789", i), text.size());
    const auto before = [&](std::size_t k) { return i >= k ? text[i - k] : '\0'; };
    const auto is_e = [](char e) { return e == 'e' || e == 'E'; };
    const bool fraction = before(1) == '.' || is_e(before(1)) || is_e(before(2));
    const bool goes_on = end < text.size() && (text[end] == '.' || is_e(text[end]));
    if (end - i > kFits && !fraction && !goes_on) {
      out.append(text.substr(copied, end - copied)).append("e0");
      copied = end;
    }
    i = end - 1;
  }
  if (copied != 0) out.append(text.substr(copied));
  return out;
}

}  // namespace

struct Document::Impl {
  dom::parser parser;

  simdjson::error_code parse(std::string& text, dom::element& root) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    if (parser.max_depth() != kMaxDepth || parser.capacity() < text.size())
      if (parser.allocate(text.size(), kMaxDepth) != simdjson::SUCCESS) return simdjson::MEMALLOC;
    return parser.parse(text.data(), text.size(), false).get(root);
  }
};

Document::Document() : impl_(std::make_unique<Impl>()) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Result<Value> Document::parse(std::string& text) {
  if (text.starts_with("\xEF\xBB\xBF"))
    return fail(ErrorKind::invalid, "not JSON: it starts with a byte order mark");
  dom::element root;
  auto error = impl_->parse(text, root);
  if (error == simdjson::NUMBER_ERROR) {
    if (auto widened = widen_integers(text); !widened.empty()) {
      text = std::move(widened);
      error = impl_->parse(text, root);
    }
  }
  if (error == simdjson::MEMALLOC) return fail(ErrorKind::unavailable, "out of memory");
  if (error != simdjson::SUCCESS)
    return fail(ErrorKind::invalid, std::string("not JSON: ") + simdjson::error_message(error));
  return Access::value(root);
}

}  // namespace digester::json
