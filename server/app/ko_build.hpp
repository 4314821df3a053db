// Runs ko.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::app {

// `ko build IMPORTPATH`, with our environment and in our directory: the reference that it prints. What ko
// says of the build goes to standard error as it comes. Errors are one line with cause and cure. Blocks.
Result<std::string> ko_build(std::string_view import_path);

}  // namespace digester::app
