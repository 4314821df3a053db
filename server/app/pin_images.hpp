// From a batch's questions to its new texts: what every command that pins manifests does between reading and
// writing them.
#pragma once

#include "app/look_up.hpp"
#include "pin/batch.hpp"

namespace digester::app {

// Looks up all that is asked, and concludes. The error is an option that makes no sense; a registry's failure
// is an outcome of the images concerned. Blocks.
Result<void> pin_images(pin::Batch& batch, const LookUp& how, const cli::Environment& environment,
                        const Clock& clock, const Logger& log,
                        pin::Batch::Verify verify = pin::Batch::Verify::now);

}  // namespace digester::app
