// `results:` put into a ResourceList's text, with every other byte where it was.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "krm/finding.hpp"
#include "krm/input.hpp"

namespace digester::krm {

// A scalar of the old text: where it begins, what it said, and says in the new one, where it takes as many
// bytes more or less as that is longer or shorter.
struct Replaced {
  std::size_t begin = 0;
  std::string before, after;
};

// `old_layout` is of the text as it was before the scalars were replaced, which are in ascending order. The
// results go behind what the root mapping has, before a closing `...`, or into results that are there
// already, with the text's own line ends. What comes of it is read again and compared with the old text event
// by event: had anything else changed, be it by the replacing, the result is an error and nothing else.
// Without findings and replaced scalars the text is what it is.
Result<std::string> append_results(std::string_view text, const Layout& old_layout,
                                   std::span<const Finding> findings,
                                   std::span<const Replaced> replaced = {});

}  // namespace digester::krm
