// The words of a failed look-up: image, registry, cause and cure, in one printable line.
#pragma once

#include "credential/credential.hpp"
#include "image/reference.hpp"
#include "registry/client/exchange.hpp"

namespace digester::registry {

// A final answer whose status is not 200, as a cause. Only our own words: the peer's text stays unread but
// for its error code.
Error explain_status(const Answer& answer, const credential::Credential& credential,
                     const RegistrySettings& settings, WallTime now);

// Where credentials are to be put, for the end of a sentence.
std::string_view where_credentials_go(const RegistrySettings& settings);

// The cause, with image and registry put before it; a registry that the cause begins with becomes "it".
tl::unexpected<Error> explain(const image::Reference& reference, Error cause);

}  // namespace digester::registry
