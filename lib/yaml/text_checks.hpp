// What is no text that either reader takes. Internal to the room.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "yaml/reader.hpp"

namespace digester::yaml {

// Too long, UTF-16 or UTF-32, a NUL byte.
std::optional<Error> check_text(std::string_view text, const Limits& limits);

Error too_deep(std::size_t line, std::size_t depth);

}  // namespace digester::yaml
