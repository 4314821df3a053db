#include "json/writer.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>

#include "base/text.hpp"

namespace digester::json {

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
  impl_->writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}
Writer& Writer::string(std::string_view value) {
  if (text::is_valid_utf8(value)) {
    impl_->writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  } else {
    const auto repaired = text::printable(value, value.size() * 4);
    impl_->writer.String(repaired.data(), static_cast<rapidjson::SizeType>(repaired.size()));
  }
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
