#include "registry/client/access.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "net/client/address.hpp"
#include "registry/protocol/site.hpp"

namespace digester::registry {

Result<Registry> Registry::of(const image::Reference& reference, const RegistrySettings& settings) {
  auto url = net::Url::parse("https://" + reference.api_host() + "/");
  if (!url) return fail(std::move(url.error()));
  Registry registry;
  registry.name = text::to_lower(reference.domain());
  registry.url = std::move(*url);
  const auto& api = reference.api_host();
  registry.port_written_ =
      api.find(':', api.find(']') == std::string::npos ? 0 : api.find(']')) != std::string::npos;
  registry.key_ = registry.url.authority();

  const auto& host = registry.url.host;
  const auto listing = settings.insecure.find(host, registry.url.port);
  const bool own_machine = settings.command_line && is_loopback_host(host);
  registry.listed = listing.has_value() || settings.command_line;
  registry.addresses.allow_loopback = listing.has_value() || own_machine;
  registry.addresses.listed = registry.listed;
  if (listing && listing->plain_only) {
    registry.plan = SchemePlan::plain;
    registry.url = registry.over_http().url;
  } else if (listing || own_machine) {
    registry.plan = SchemePlan::tls_then_plain;
  }
  return registry;
}

Registry Registry::over_http() const {
  auto copy = *this;
  if (!port_written_) copy.url.port = 80;
  copy.url.scheme = net::Scheme::http;
  return copy;
}

net::AddressPolicy redirect_policy(const Registry& registry, const net::Url& next,
                                   const RegistrySettings& settings) {
  if (next.host == registry.url.host) return registry.addresses;
  const bool insecure = settings.insecure.contains(next.host, next.port);
  const bool allowed = insecure || settings.redirect_allow.contains(next.host, next.port);
  net::AddressPolicy policy;
  policy.allow_loopback = allowed;
  policy.allow_private = allowed;
  policy.listed = allowed || settings.command_line;
  return policy;
}

namespace {

// No flag opens these: clouds hand out machine credentials there.
bool is_never_asked(const std::string& host) {
  const auto address = net::parse_literal(host);
  return net::is_metadata_name(host) || (address && net::classify(*address) == net::AddressClass::denied);
}

}  // namespace

Result<net::AddressPolicy> RealmRule::check(const net::Url& realm, const RegistrySettings& settings) const {
  const auto& own = registry.url;
  if (is_never_asked(realm.host))
    return fail(ErrorKind::forbidden,
                fmt::format("it names {} as its token service, an address that is never asked; the registry "
                            "is wrong or hostile",
                            realm.authority()));
  const bool same_host = realm.host == own.host;
  const bool insecure = settings.insecure.contains(realm.host, realm.port);
  const bool named = settings.realm_allow.allows(own.host, own.port, realm.host, realm.port);
  const auto cure = [&] {
    return fmt::format("if they belong together, allow it with --realm-allow {}={}", registry.key(),
                       realm.authority());
  };

  if (realm.scheme == net::Scheme::http) {
    if (own.scheme == net::Scheme::https)
      return fail(ErrorKind::forbidden, "its token service is not reached over TLS, though the registry is");
    if (carries_credential && !same_host && !insecure && !named)
      return fail(ErrorKind::forbidden,
                  fmt::format("its credentials would go to {} without TLS; {}", realm.authority(), cure()));
  }
  if (carries_credential && !named && !protocol::same_site(own.host, realm.host))
    return fail(ErrorKind::forbidden,
                fmt::format("its credentials would go to {}, another site; {}", realm.authority(), cure()));

  if (same_host) return registry.addresses;
  const bool listed = named || insecure;
  net::AddressPolicy policy;
  policy.allow_loopback = listed || peer == net::AddressClass::loopback;
  policy.allow_private = policy.allow_loopback || peer == net::AddressClass::private_address;
  policy.listed = listed || settings.command_line;
  return policy;
}

}  // namespace digester::registry
