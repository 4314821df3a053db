// What a scalar is taken for. Internal to the room.
#pragma once

#include "base/text.hpp"
#include "yaml/event.hpp"
#include "yaml/writer.hpp"

namespace digester::krm {

inline bool is_null(const yaml::Event& scalar) {
  return scalar.style == yaml::ScalarStyle::plain && scalar.tag.empty() &&
         (scalar.value.empty() || scalar.value == "~" || text::iequals(scalar.value, "null"));
}

// By every reader for text.
inline bool is_text(const yaml::Event& scalar) {
  return scalar.style != yaml::ScalarStyle::plain || yaml::is_plain_text(scalar.value);
}

}  // namespace digester::krm
