// From checked addresses to a connected socket: IPv6 and IPv4 raced (RFC 8305), so that a dead family costs a
// quarter of a second and not a time-out. Connects to the very addresses it was given.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "net/client/client_options.hpp"
#include "net/client/dns.hpp"
#include "net/client/stream.hpp"
#include "net/task.hpp"

namespace digester::net {

struct ConnectLimits {
  Duration each;     // one address
  Duration stagger;  // before the next address is tried as well
  Duration user_timeout;
};

struct Connected {
  Socket socket;
  asio::ip::address address;
};

// IPv6 and IPv4 in turn, IPv6 first, each family in its own order.
Addresses interleave(const Addresses& addresses);

// The first address that answers; all others are given up. Errors say what happened without saying where:
// `timed_out` if no address answered at all, else `unreachable`, with "connection refused" and the like as
// message and each address with its cause in `detail`. `unavailable` if we lack the descriptors, the memory
// or the ports to try, which is not the peer's failure. `addresses` must not be empty.
Task<Result<Connected>> connect(Addresses addresses, std::uint16_t port, ConnectLimits limits,
                                SteadyTime deadline);

}  // namespace digester::net
