#include "registry/asker.hpp"

#include <algorithm>

namespace digester::registry {

using credential::Credential;

Asker make_asker(std::vector<Credential> credentials) {
  Asker asker;
  asker.credentials.reserve(std::min(credentials.size(), kMaxCredentials) + 1);
  const auto known = [&](const Credential& credential) {
    return std::any_of(asker.credentials.begin(), asker.credentials.end(),
                       [&](const Credential& other) { return other.fingerprint == credential.fingerprint; });
  };
  for (auto& credential : credentials) {
    if (asker.credentials.size() == kMaxCredentials) break;
    // An empty fingerprint is anonymous's: what a real credential was shown must not go under it.
    if (credential.is_anonymous())
      credential = Credential::anonymous();
    else if (credential.fingerprint.empty())
      credential =
          Credential::make(credential.kind, std::move(credential.user), std::move(credential.secret));
    if (!known(credential)) asker.credentials.push_back(std::move(credential));
  }
  if (const auto anonymous = Credential::anonymous(); !known(anonymous))
    asker.credentials.push_back(anonymous);
  return asker;
}

AskerView::AskerView(const Asker& asker) : complete_(asker.complete) {
  for (const auto& credential : asker.credentials)
    add(credential);
}

AskerView::AskerView(std::span<const Credential* const> found) {
  static const auto anonymous = Credential::anonymous();
  for (const auto* credential : found.first(std::min(found.size(), kMaxCredentials)))
    add(*credential);
  add(anonymous);
}

void AskerView::add(const Credential& credential) {
  if (size_ < list_.size()) list_[size_++] = &credential;
}

const std::shared_ptr<const Asker>& anonymous_asker() {
  static const auto asker = std::make_shared<const Asker>(make_asker({}));
  return asker;
}

}  // namespace digester::registry
