// The words of a failed look-up: image, registry, cause and cure, in one printable line.
#pragma once

#include "credential/credential.hpp"
#include "image/reference.hpp"
#include "registry/client/exchange.hpp"

namespace digester::registry {

// A final answer whose status is not 200, as a cause. Only our own words: the peer's text stays unread but
// for its error code.
Error explain_status(const Answer& answer, const credential::Credential& credential, std::size_t error_limit,
                     WallTime now);

// The cause, with image and registry put before it.
tl::unexpected<Error> explain(const image::Reference& reference, Error cause);

}  // namespace digester::registry
