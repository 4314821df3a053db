// Which hosts belong together: what decides whether a registry's credentials may go to its token service.
#pragma once

#include <string_view>

namespace digester::registry::protocol {

// True if both names are the same host or share a registrable domain by the Public Suffix List, its private
// part included ("a.co.uk" and "b.co.uk" do not, nor do two users of one hosting service). Hosts in lower
// case. Addresses and names inside a Kubernetes cluster are only ever the same as themselves: there,
// neighbours in the name are other tenants. Also true for pairs known to belong together (Docker Hub).
bool same_site(std::string_view a, std::string_view b);

}  // namespace digester::registry::protocol
