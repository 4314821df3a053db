// Outputs that would destroy what is read, or one another.
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"

namespace digester::files {

// Errors unless every output is another file than each input and than every other output, whatever names and
// links lead there. "" and "-", and what is no regular file, are nobody's. Errors are one line that begins
// with the output.
Result<void> are_apart(std::span<const std::string> outputs, std::span<const std::string> inputs);

}  // namespace digester::files
