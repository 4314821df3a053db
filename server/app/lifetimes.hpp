// Whether the lives of the webhook's own certificates leave time for a rotation.
#pragma once

#include "base/result.hpp"
#include "cli/options.hpp"

namespace digester::app {

// A replica, or an API server, may go on for --ca-overlap with what it has read. So that is what must be left
// of a serving certificate when it is renewed at two thirds of its life; and twice that of a CA when the next
// one is added, which has to be published before it signs, and to have replaced everything before the old one
// ends. Nothing is wrong without rotation. Errors: ErrorKind::invalid, naming the flags.
Result<void> check_lifetimes(const cli::WebhookOptions& options);

}  // namespace digester::app
