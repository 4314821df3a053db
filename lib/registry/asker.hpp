// Who asks: all that may be shown to a registry for one image on somebody's behalf, in its order.
#pragma once

#include <array>
#include <memory>
#include <span>
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
inline constexpr std::size_t kMaxCredentials = credential::kMaxTried;

// The credentials in their order, doubles dropped, anonymous appended.
Asker make_asker(std::vector<credential::Credential> credentials);

// The same for the moment of a question to the cache: it points to the credentials and copies none.
class AskerView {
 public:
  AskerView(const Asker& asker);  // NOLINT(google-explicit-constructor): an Asker is seen as it is
  // What Holdings::match() gave; anonymous comes last.
  explicit AskerView(std::span<const credential::Credential* const> found);

  std::span<const credential::Credential* const> credentials() const { return {list_.data(), size_}; }
  bool is_complete() const { return complete_; }

 private:
  void add(const credential::Credential& credential);

  std::array<const credential::Credential*, kMaxCredentials + 1> list_;
  std::size_t size_ = 0;
  bool complete_ = true;
};

// For whom nothing else was found; one object for all.
const std::shared_ptr<const Asker>& anonymous_asker();

}  // namespace digester::registry
