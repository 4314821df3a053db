// `results:` put into a ResourceList's text, with every other byte where it was.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "krm/finding.hpp"
#include "krm/input.hpp"

namespace digester::krm {

// `old_layout` is of the text as it was before the scalars were replaced that findings have a place of: such
// a scalar said `current_value` there, and takes as many bytes more or less as `proposed_value` is longer or
// shorter. What is less severe than `least` is not written (without `least`, nothing is), and its scalar
// replaced all the same.
//
// The results go behind what the root mapping has, before a closing `...`, or into results that are there
// already, with the text's own line ends. What comes of it is read again and compared with the old text event
// by event: had anything else changed, be it by the replacing, that is an error, and the text is as it was
// given.
Result<void> append_results(std::string& text, const Layout& old_layout, std::span<const Finding> findings,
                            std::optional<Severity> least = Severity::info);

}  // namespace digester::krm
