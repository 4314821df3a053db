// What all exchanges of one client share, and how one of them gets a connection: name, address rules,
// connect, tunnel, TLS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/client/client_options.hpp"
#include "net/client/connector.hpp"
#include "net/client/dns.hpp"
#include "net/client/pool.hpp"
#include "net/client/proxy.hpp"
#include "net/client/tls.hpp"

namespace digester::net {

// Out of ClientOptions::denied_hosts: an address or, where that is unspecified, a name.
struct DeniedHost {
  asio::ip::address address;
  std::string name;
  std::optional<std::uint16_t> port;  // none: every port
};

struct Core {
  Core(asio::io_context& context, ClientOptions client_options);

  asio::io_context& io;
  const ClientOptions options;
  const SystemClock clock;
  Dns dns;
  TlsContext tls;
  ProxyRules proxies;
  Pool pool;
  Timer sweeping;
  bool sweep_pending = false;
  bool closed = false;
  std::size_t exchanges = 0;
  std::vector<DeniedHost> denied_hosts;
};

// Where a request goes and by which way.
struct Route {
  Url target;
  AddressPolicy policy;
  std::optional<ProxyServer> proxy;
  std::string key;   // of the pool: everything that makes two connections exchangeable
  std::string peer;  // "host[:port]" as in the URL: what errors may say

  bool tunnel() const { return proxy && target.scheme == Scheme::https; }
};

// The checks that need no look-up (names, odd spellings, literals behind a proxy) and the choice of the
// proxy.
Result<Route> make_route(const Core& core, const Url& target, const AddressPolicy& policy);

// The error as the asker may see it. For an address that is not public and a host that nobody listed it only
// says "not reachable": refused, timed out and not TLS told apart would be a port scanner.
Error presentable(Error error, const Route& route, AddressClass peer);

// A new connection, ready for a request.
Task<Result<ConnectionPtr>> open_connection(std::shared_ptr<Core> core, std::shared_ptr<const Route> route,
                                            SteadyTime deadline);

}  // namespace digester::net
