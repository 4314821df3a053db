// What somebody who mistyped a name may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace digester::cli {

// The candidate with the fewest edits, if they are few for a name of this length; else empty.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace digester::cli
