#include "registry/client/knowledge.hpp"

namespace digester::registry {
namespace {

constexpr auto kTlsBelieved = std::chrono::minutes(10);

}  // namespace

std::optional<protocol::Demand> Knowledge::demand(const std::string& key) {
  const auto* known = entries_.find(key);
  return known == nullptr ? std::nullopt : known->demand;
}

net::AddressClass Knowledge::peer(const std::string& key) {
  const auto* known = entries_.find(key);
  return known == nullptr ? net::AddressClass::public_address : known->peer;
}

void Knowledge::learn_demand(const std::string& key, protocol::Demand demand, net::AddressClass peer) {
  demand.scope.clear();
  auto& known = entry(key);
  known.demand = std::move(demand);
  known.peer = peer;
}

void Knowledge::forget_demand(const std::string& key) {
  if (auto* known = entries_.find(key)) known->demand.reset();
}

std::optional<net::Scheme> Knowledge::scheme(const std::string& key) {
  const auto* known = entries_.find(key);
  if (known == nullptr || !known->scheme) return std::nullopt;
  if (known->scheme == net::Scheme::https && clock_.now() - known->scheme_seen > kTlsBelieved)
    return std::nullopt;
  return known->scheme;
}

void Knowledge::learn_scheme(const std::string& key, net::Scheme scheme) {
  auto& known = entry(key);
  known.scheme = scheme;
  known.scheme_seen = clock_.now();
}

void Knowledge::forget_plain(const std::string& key) {
  auto* known = entries_.find(key);
  if (known != nullptr && known->scheme == net::Scheme::http) known->scheme.reset();
}

Knowledge::Entry& Knowledge::entry(const std::string& key) {
  if (auto* known = entries_.find(key)) return *known;
  entries_.put(key, Entry{});
  return *entries_.find(key);
}

}  // namespace digester::registry
