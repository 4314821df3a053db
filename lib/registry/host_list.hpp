// Hosts that an operator names in a flag: insecure registries, private redirect targets, token services.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digester::registry {

// Immutable once parsed. Hosts are compared in lower case, addresses by value.
class HostList {
 public:
  // Each entry is a host, host:port, an address, [address]:port or a CIDR; `http://` in front means that the
  // host is never asked over TLS. A host without port stands for all its ports.
  //
  // A CIDR matches only registries written as an address. A name is never matched by what it resolves to:
  // whoever answers the name's DNS would then decide whether TLS is used.
  enum class Prefix { http_allowed, none };
  static Result<HostList> parse(const std::vector<std::string>& entries,
                                Prefix prefix = Prefix::http_allowed);

  struct Match {
    bool plain_only = false;  // written with http://
  };
  // `host` in lower case, an IPv6 address without brackets.
  std::optional<Match> find(std::string_view host, std::uint16_t port) const;
  bool contains(std::string_view host, std::uint16_t port) const { return find(host, port).has_value(); }
  bool empty() const { return entries_.empty(); }
  // As images write them, without CIDRs: a host, host:port, [address]:port.
  std::vector<std::string> names() const;

 private:
  struct Entry {
    std::string host;  // empty: a network
    std::optional<std::uint16_t> port;
    boost::asio::ip::address network;
    unsigned prefix = 0;
    bool plain_only = false;
    bool matches(std::string_view other, const std::optional<boost::asio::ip::address>& address,
                 std::uint16_t other_port) const;
  };
  static Result<Entry> parse_entry(std::string_view text, Prefix prefix);
  std::vector<Entry> entries_;
};

// `--realm-allow REGISTRY=HOST`: this registry's credentials may go to that host's token service.
class RealmAllow {
 public:
  // Both sides as in HostList; REGISTRY may also be written as images write it (docker.io).
  static Result<RealmAllow> parse(const std::vector<std::string>& entries);
  bool allows(std::string_view registry, std::uint16_t registry_port, std::string_view realm,
              std::uint16_t realm_port) const;

 private:
  struct Pair {
    HostList registry;
    HostList realm;
  };
  std::vector<Pair> pairs_;
};

// An address literal, or none for a name.
std::optional<boost::asio::ip::address> parse_address(std::string_view host);

// localhost, *.localhost (RFC 6761 §6.3) and loopback addresses in any form.
bool is_loopback_host(std::string_view host);

}  // namespace digester::registry
