// Which hosts may be reached: rules on addresses and on the names that stand for them. Pure.
//
// An image's name is an attacker's input, so are realms and redirects behind it. Names are resolved, every
// address is classified, and the connection goes to an address that passed (no second look-up that could
// answer differently).
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

#include "net/client/http_client.hpp"

namespace digester::net {

// The address that a host in the canonical spelling is; brackets already removed; no zone.
std::optional<boost::asio::ip::address> parse_literal(std::string_view host);

// Hosts that C libraries read as an IPv4 address though they are not in dotted decimal form: 2130706433,
// 0x7f.1, 0177.0.0.1. We never resolve them, and a proxy must not get to see them.
bool is_odd_ipv4(std::string_view host);

// Names of cloud metadata services. Case and trailing dots do not matter.
bool is_metadata_name(std::string_view host);

bool permits(const AddressPolicy& policy, AddressClass address);

}  // namespace digester::net
