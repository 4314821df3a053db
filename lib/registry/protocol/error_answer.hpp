// What a registry's failure means: by its status, then by the code in its body (OCI distribution-spec
// §errors).
//
// The body is a peer's text. Only codes from our own list leave this file, never the text itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace digester::registry::protocol {

enum class ErrorCode {
  none,  // no body, not JSON, or a code that we do not know
  manifest_unknown,
  name_unknown,
  not_found,  // Harbor
  unauthorized,
  denied,
  too_many_requests,
  name_invalid,
  tag_invalid,
  manifest_invalid,
  unsupported,
  unknown,
  unavailable,
};

// "MANIFEST_UNKNOWN"; empty for none.
std::string_view to_string(ErrorCode code);

struct ErrorAnswer {
  ErrorCode code = ErrorCode::none;
  // From a message of the form "retry-after: 1.246809ms", as ghcr.io writes it.
  std::optional<Duration> retry_after;
};

// `errors[0].code`, or the first one that we know. Never fails.
ErrorAnswer read_error_answer(std::string body, WallTime now);

// For a final answer whose status is not 200.
ErrorKind classify(unsigned status, ErrorCode code);

}  // namespace digester::registry::protocol
