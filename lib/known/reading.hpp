// What the readers of this room share. Internal to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "image/reference.hpp"
#include "known/limits.hpp"
#include "yaml/tree.hpp"

namespace digester::known {

Error at_line(std::size_t line, std::string_view why, ErrorKind kind = ErrorKind::invalid);

inline constexpr yaml::TreeLimits kTreeLimits{.bytes = kMaxFile, .nodes = 16 * kMaxEntries, .depth = 32};

// A member's text; nothing where it is missing, null, or no scalar.
std::optional<std::string_view> text_of(const yaml::Tree& tree, std::string_view key);

// A reference that can stand in a manifest without quotes. Errors have the line; `what` names it: "the tag".
Result<image::Reference> read_replacement(std::string_view text, std::size_t line, std::string_view what);

}  // namespace digester::known
