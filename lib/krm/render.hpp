// Findings as YAML and JSON. Internal to the room.
#pragma once

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

}  // namespace digester::krm
