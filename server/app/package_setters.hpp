// The setters of kpt packages beside the fields that a batch has pinned: what the next render would undo.
#pragma once

#include <string>
#include <vector>

#include "app/manifest_inputs.hpp"
#include "pin/batch.hpp"
#include "report/finding.hpp"

namespace digester::app {

// A file that is no page of the batch: a Kptfile, or a ConfigMap that it names.
struct FileChange {
  std::string path;
  std::string before, after;
};

struct SettersDone {
  std::vector<report::Finding> findings;
  std::vector<FileChange> changes;
};

// Looks for the Kptfiles that govern the pages, after the batch's conclude(). With `pin`, the setters' values
// are pinned: in the new texts of pages, and in `changes`; what cannot be is an error among the findings.
// Without, a field that a render would write over is a warning. Errors begin with a path. Blocks.
Result<SettersDone> look_after_setters(pin::Batch& batch, const ManifestInputs& inputs, bool pin);

}  // namespace digester::app
