// The setters of the kpt package that a ResourceList is: pinning the fields alone lasts until the next
// render.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "krm/finding.hpp"
#include "pin/batch.hpp"

namespace digester::krm {

struct SettersDone {
  std::optional<std::string> changed;  // the page's result with its setters pinned, if any was
  std::vector<Finding> findings;
};

// Of a page that is concluded. With `pin` the setters' values get the digests that stand in their fields, and
// a field that cannot be saved so is an error; without it each field that a setter will write over is a
// warning. The error is a package that cannot be understood, or a change that would damage it.
Result<SettersDone> look_after_setters(const pin::Page& page, bool pin);

}  // namespace digester::krm
