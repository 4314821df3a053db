// Who asks: all that may be shown to a registry for one image on somebody's behalf, in its order.
#pragma once

#include <memory>
#include <vector>

#include "credential/credential.hpp"

namespace digester::registry {

struct Asker {
  // Never empty; fingerprints are distinct; anonymous is among them, last unless the source put it earlier.
  std::vector<credential::Credential> credentials;
  // False where some source failed, so that a credential may be missing: then a refusal proves nothing.
  bool complete = true;
};

// More than this are not tried: each costs a request, and a namespace may hold any number of pull secrets.
inline constexpr std::size_t kMaxCredentials = 16;

// The credentials in their order, doubles dropped, anonymous appended.
Asker make_asker(std::vector<credential::Credential> credentials);

// For whom nothing else was found; one object for all.
const std::shared_ptr<const Asker>& anonymous_asker();

}  // namespace digester::registry
