// `results:` put into a ResourceList's text, with every other byte where it was.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "krm/finding.hpp"
#include "krm/input.hpp"

namespace digester::krm {

// `layout` is that of this very text. Behind what the root mapping has, before a closing `...`, or into the
// results that are there already, with the text's own line ends. New and old are then compared event by
// event: had anything else changed, the result is an error and nothing else. Without findings the text is
// what it was.
Result<std::string> append_results(std::string_view text, const Layout& layout,
                                   std::span<const Finding> findings);

}  // namespace digester::krm
