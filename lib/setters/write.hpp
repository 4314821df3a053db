// Another value in the place of a scalar, and the proof that nothing else became of the text. Internal to the
// room, and for those who edit files beside manifests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/edit.hpp"
#include "setters/fields.hpp"

namespace digester::setters {

// In the style that the scalar has; in double quotes where that style cannot say it. Errors: a block scalar
// of several lines, a value that it cannot take.
Result<manifest::Edit> write_value(const Field& field, std::string_view text, std::string_view value);

// The comment behind the scalar becomes this one (with its `#`). The field has a place for it.
manifest::Edit write_comment(const Field& field, std::string_view comment);

// manifest::apply_edits, and then every comment behind a scalar or a list is what it was, or what was
// written.
Result<std::string> carry_out(std::string_view text, const Fields& fields, std::vector<manifest::Edit> edits);

// What a plain scalar of this value is to YAML 1.1: text, or a number, a boolean, null.
bool is_plain_text(std::string_view value);

}  // namespace digester::setters
