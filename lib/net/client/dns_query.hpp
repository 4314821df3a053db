// One name asked once: /etc/hosts, then A and AAAA at the same time on a c-ares channel of its own. A channel
// a question costs some 100 µs and buys much: it ends when we say so, it reads the configuration as it is
// now, and no other question shares its sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/client/dns.hpp"

namespace digester::net {

struct DnsAnswer {
  Result<Addresses> addresses;
  Duration ttl{0};  // how long the answer may be kept
};

class DnsQuery {
 public:
  using Done = std::function<void(DnsAnswer)>;

  // `done` is called once, later, from the io_context, unless the query is cancelled before.
  static std::shared_ptr<DnsQuery> start(asio::io_context& io, const DnsOptions& options, std::string name,
                                         Done done);

  virtual ~DnsQuery() = default;
  virtual void cancel() = 0;
};

}  // namespace digester::net
