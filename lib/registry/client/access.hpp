// Where requests about one registry may go: its scheme, its redirects, and the token service that may see
// its credentials.
#pragma once

#include <optional>
#include <string>

#include "image/reference.hpp"
#include "net/client/http_client.hpp"
#include "registry/settings.hpp"

namespace digester::registry {

enum class SchemePlan {
  tls,             // https and nothing else
  tls_then_plain,  // an insecure registry
  plain,           // an insecure registry written with http://
};

// One registry, as the settings see it. A value.
struct Registry {
  std::string name;  // as images write it, in lower case: docker.io
  net::Url url;      // where its API is; the scheme by which it is spoken to
  SchemePlan plan = SchemePlan::tls;
  bool listed = false;  // the operator named it, or counts as having done so
  net::AddressPolicy addresses;

  // Its key wherever something is remembered: host:port.
  const std::string& key() const { return key_; }
  // The same registry over plain http, for tls_then_plain.
  Registry over_http() const;

  static Result<Registry> of(const image::Reference& reference, const RegistrySettings& settings);

 private:
  std::string key_;
  bool port_written_ = false;
};

// May a request about this registry be redirected to `next`? Registries redirect to object stores on any
// public host; a private address that is not the registry's own must be listed.
net::AddressPolicy redirect_policy(const Registry& registry, const net::Url& next,
                                   const RegistrySettings& settings);

// The rules for a realm and for every redirect of a token request.
struct RealmRule {
  Registry registry;                                           // its url's scheme is the one in use
  net::AddressClass peer = net::AddressClass::public_address;  // what the registry's own address is
  bool carries_credential = false;                             // false: an anonymous token

  // forbidden, in a message without the image, which names --realm-allow where that would help.
  Result<net::AddressPolicy> check(const net::Url& realm, const RegistrySettings& settings) const;
};

}  // namespace digester::registry
