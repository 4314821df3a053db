// What was learnt about registries: how they authenticate, where they are, whether they speak TLS. It saves
// the round trips of finding out again, and is never trusted over what the registry says now.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "registry/client/access.hpp"
#include "registry/client/bounded_map.hpp"
#include "registry/protocol/challenge.hpp"

namespace digester::registry {

// One thread. Keys are Registry::key().
class Knowledge {
 public:
  Knowledge(const Clock& clock, std::size_t remembered) : clock_(clock), entries_(remembered) {}

  // Its challenge, without the scope (that belongs to one request), if one is known.
  std::optional<protocol::Demand> demand(const std::string& key);
  net::AddressClass peer(const std::string& key);
  void learn_demand(const std::string& key, protocol::Demand demand, net::AddressClass peer);
  // The token service that was named does not work: ask the registry again.
  void forget_demand(const std::string& key);

  // By which scheme an insecure registry answered. TLS is believed for ten minutes after its last answer:
  // within these nobody can talk us down to plain http.
  std::optional<net::Scheme> scheme(const std::string& key);
  void learn_scheme(const std::string& key, net::Scheme scheme);
  // It did not answer by plain http this time.
  void forget_plain(const std::string& key);

 private:
  struct Entry {
    std::optional<protocol::Demand> demand;
    net::AddressClass peer = net::AddressClass::public_address;
    std::optional<net::Scheme> scheme;
    SteadyTime scheme_seen;
  };
  Entry& entry(const std::string& key);

  const Clock& clock_;
  BoundedMap<Entry> entries_;
};

}  // namespace digester::registry
