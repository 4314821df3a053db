// Asking a token service once: GET with Basic, or the POST form of an identity token.
#pragma once

#include "registry/client/token_source.hpp"
#include "registry/protocol/token_answer.hpp"

namespace digester::registry {

// References outlive the coroutine. Errors as TokenSource::get().
net::Task<Result<protocol::TokenAnswer>> request_token(Exchanger& exchanger, const RegistrySettings& settings,
                                                       const TokenQuestion& question, SteadyTime deadline,
                                                       Budget& budget);

}  // namespace digester::registry
