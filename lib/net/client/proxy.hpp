// Which proxy stands between us and a target, by the rules of Go's httpproxy, which operators know from every
// other tool in the cluster. Pure: the environment comes in as values, and no name is resolved for matching.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/client/client_options.hpp"
#include "net/http_message.hpp"

namespace digester::net {

struct ProxyServer {
  std::string host;
  std::uint16_t port = 80;
  // The value of Proxy-Authorization, made from the URL's userinfo; empty without one. A secret.
  std::string authorization;

  std::string name() const;  // "host:port", for errors
};

// The matchers of NO_PROXY: a comma list of `*`, CIDR, `IP[:port]`, `domain[:port]` (itself and its
// subdomains),
// `.domain` and `*.domain` (subdomains only).
class NoProxy {
 public:
  explicit NoProxy(std::string_view list);
  bool matches(std::string_view host, std::uint16_t port) const;

 private:
  struct Network {
    boost::asio::ip::address_v6::bytes_type prefix;  // v4 in its mapped form
    int bits;
  };
  struct Host {
    boost::asio::ip::address_v6::bytes_type address;
    std::string port;
  };
  struct Domain {
    std::string suffix;  // begins with a dot
    std::string port;    // empty: any
    bool itself;
  };
  bool all_ = false;
  std::vector<Network> networks_;
  std::vector<Host> hosts_;
  std::vector<Domain> domains_;
};

class ProxyRules {
 public:
  explicit ProxyRules(const ProxyOptions& options);

  // The proxy for this target, or nothing for a direct connection. A variable that cannot be used (a socks5
  // URL, an https proxy, not a URL) is an error for the targets that would go through it, and only for those.
  Result<std::optional<ProxyServer>> select(const Url& target) const;

 private:
  Result<std::optional<ProxyServer>> http_;
  Result<std::optional<ProxyServer>> https_;
  NoProxy no_proxy_;
  bool loopback_;
};

}  // namespace digester::net
