// All credentials that are at hand for one context, gathered once for all images of a review.
//
// What speaks for an image depends on the context (whose secrets) and on the image (which of their keys). The
// first is the same for all images of an object and is looked up once; the second is asked of what was found.
// Nothing is copied: sets of logins are shared with the caches they come from, and stay as they are while
// somebody holds them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "credential/docker_auth.hpp"
#include "credential/keyring.hpp"
#include "credential/value.hpp"
#include "image/reference.hpp"

namespace digester::credential {

// More than this are not tried for one image: each costs a request, and a namespace may hold any number of
// pull secrets.
inline constexpr std::size_t kMaxTried = 16;

// Logins, their identities computed, and the keys that say for which images each is. Never changed once made,
// so free for any thread.
class LoginSet {
 public:
  LoginSet() = default;
  // What was read from a config. Equal logins become one.
  explicit LoginSet(DockerAuth auth);
  // For every image, in this order.
  explicit LoginSet(std::vector<Credential> for_all);

  // Each has a fingerprint, and no two are equal; none is anonymous.
  const std::vector<Credential>& credentials() const { return credentials_; }
  const Keyring& keyring() const { return keyring_; }
  bool is_for_all() const { return for_all_; }

 private:
  Keyring keyring_;  // its values are indexes into credentials_
  std::vector<Credential> credentials_;
  bool for_all_ = false;
};
using SharedLogins = std::shared_ptr<const LoginSet>;

// One thread, for as long as one call takes: it keeps alive what it shares until clear().
class Holdings {
 public:
  // The sets of a ring match as if all their keys were in one keyring, added set by set, as the kubelet has
  // it with several pull secrets. What the next ring has comes after all of this one's.
  void next_ring() { ++ring_; }
  void add(SharedLogins set);

  // The first kMaxTried credentials for this image in their order, each once, anonymous not among them: to be
  // tried one after the other. Valid until the next call.
  std::span<const Credential* const> match(const image::Reference& reference);

  // The same, to be kept.
  std::vector<Credential> copies(const image::Reference& reference);

  // Back to nothing; the memory is kept.
  void clear();

 private:
  struct Held {
    SharedLogins set;
    std::size_t ring;
  };
  // Keys of one set for the host that is looked at.
  struct Hit {
    const LoginSet* set;
    std::size_t ring;
    std::optional<Keyring::Keys> keys;  // none: the set is for all
  };
  struct Candidate {
    std::string_view key;
    const Credential* credential;
  };
  void look_for_host(const std::string& domain);
  void match_ring(std::span<const Hit> hits, std::string_view path);
  void sort_candidates();
  bool take(const Credential& credential);

  std::size_t ring_ = 0;
  std::vector<Held> held_;
  // Images of one object are nearly always from one host, or two.
  std::string domain_;
  std::vector<Hit> hits_;
  std::vector<Keyring::Keys> keys_;
  std::vector<Candidate> candidates_;
  std::vector<const Credential*> found_;
};

}  // namespace digester::credential
