#include "json/writer.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>

#include "base/text.hpp"

namespace digester::json {
namespace {

template <typename Write>
void with_utf8(std::string_view text, Write write) {
  std::string repaired;
  if (!text::is_valid_utf8(text)) {
    repaired = text::printable(text, text.size() * 4);
    text = repaired;
  }
  // A view of nothing may point nowhere, which RapidJSON asserts against.
  write(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

}  // namespace

struct Writer::Impl {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

Writer::Writer() : impl_(std::make_unique<Impl>()) {}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

Writer& Writer::begin_object() {
  impl_->writer.StartObject();
  return *this;
}
Writer& Writer::end_object() {
  impl_->writer.EndObject();
  return *this;
}
Writer& Writer::begin_array() {
  impl_->writer.StartArray();
  return *this;
}
Writer& Writer::end_array() {
  impl_->writer.EndArray();
  return *this;
}
Writer& Writer::key(std::string_view name) {
  with_utf8(name, [&](const char* data, rapidjson::SizeType size) { impl_->writer.Key(data, size); });
  return *this;
}
Writer& Writer::string(std::string_view value) {
  with_utf8(value, [&](const char* data, rapidjson::SizeType size) { impl_->writer.String(data, size); });
  return *this;
}
Writer& Writer::integer(std::int64_t value) {
  impl_->writer.Int64(value);
  return *this;
}
Writer& Writer::number(double value) {
  if (std::isfinite(value))
    impl_->writer.Double(value);
  else
    impl_->writer.Null();
  return *this;
}
Writer& Writer::boolean(bool value) {
  impl_->writer.Bool(value);
  return *this;
}
Writer& Writer::null() {
  impl_->writer.Null();
  return *this;
}
std::string_view Writer::view() const {
  return {impl_->buffer.GetString(), impl_->buffer.GetSize()};
}
void Writer::clear() {
  impl_->buffer.Clear();
  impl_->writer.Reset(impl_->buffer);
}

}  // namespace digester::json
