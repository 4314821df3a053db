// A way through an http proxy to a TLS server: CONNECT (RFC 9110 §9.3.6).
#pragma once

#include "base/result.hpp"
#include "net/client/client_options.hpp"
#include "net/client/proxy.hpp"
#include "net/client/stream.hpp"
#include "net/task.hpp"

namespace digester::net {

// Afterwards the stream's other end is the target. Errors are `unreachable` and name the proxy.
Task<Result<void>> open_tunnel(Stream& stream, ProxyServer proxy, Url target, const ClientOptions& options,
                               SteadyTime deadline);

// A proxy's 407, in the same words for CONNECT and for plain http.
Error proxy_wants_credentials(const ProxyServer& proxy);

}  // namespace digester::net
