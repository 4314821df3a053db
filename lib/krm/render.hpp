// Findings as YAML and JSON. Internal to the room.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "krm/finding.hpp"

namespace digester::krm {

enum class Notation {
  json,  // one line of JSON
  flow,  // the same for YAML within brackets: what JSON escapes by pairs YAML does not
};

// {"message": …}
std::string render(const Finding& finding, Notation notation);

// A block sequence's element: every line begins with `indent` and ends with `line_end`.
std::string render_block(const Finding& finding, std::string_view indent, std::string_view line_end);

// All of them as one JSON array.
std::string render_all(std::span<const Finding> findings);

}  // namespace digester::krm
