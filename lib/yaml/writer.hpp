// A tree as YAML that every reader understands alike.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "yaml/tree.hpp"

namespace digester::yaml {

// One document in block style without its marks, ending in a line break: two blanks a level, lists not
// indented, text of several lines as a block, `{}` and `[]` for what is empty. Text stands without quotes
// only where no reader of YAML 1.1 or 1.2 would take it for anything else ("1.10", "010", "yes" and "null"
// have them); what is not text is written as it was. The result is read again: were it not the same tree, the
// answer would be an error.
Result<std::string> write(const Tree& tree);

// Would all readers take the bare letters for this text?
bool is_plain_text(std::string_view text);

}  // namespace digester::yaml
