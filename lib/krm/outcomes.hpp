// What became of a function's images, as its host is to be told.
#pragma once

#include <vector>

#include "krm/finding.hpp"
#include "pin/batch.hpp"

namespace digester::krm {

struct Reporting {
  Severity least = Severity::info;  // what is less severe is left out
  bool ignore_errors = false;       // an image without a digest is a warning
};

// Of a page that is concluded: an info for an image that got its digest, an error (or a warning) for one that
// did not, a warning for what was noticed besides, in the order of the text. Lines are left out, because a
// host knows none. The page goes by value, as a large one's tables are not needed beside its findings.
std::vector<Finding> findings_of(pin::Page page, const Reporting& how = {});

// Whether there would be an error among them.
bool has_error(const pin::Page& page, const Reporting& how);

// One about no object.
Finding finding_of(Severity severity, std::string message);
// One about the item in which a line of the text is.
Finding finding_at(const pin::Page& page, std::size_t line, Severity severity, std::string message);

}  // namespace digester::krm
