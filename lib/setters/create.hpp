// Finds values in a package and writes comments that make parameters of them, as kpt's create-setters does.
#pragma once

#include <span>
#include <string_view>

#include "setters/setter.hpp"

namespace digester::setters {

// In every scalar of one line, each setter's value, the longest first, becomes `${name}`; what comes out
// stands in a line comment behind it, in the place of one that was there. Keys, block scalars of several
// lines, a Kptfile, and the annotations in which kpt keeps its own affairs are left alone.
//
// A scalar with more of the document behind it on its line (in flow style) has no room for a comment: a
// warning, where kpt would write the list anew. A setter whose value is a list is refused: list setters are
// kpt's to create. That nothing is found is no error here, for there may be other files.
Result<Changed> create_setters(std::string_view text, std::span<const Setter> setters);

}  // namespace digester::setters
