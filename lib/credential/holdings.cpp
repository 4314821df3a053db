#include "credential/holdings.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace digester::credential {

LoginSet::LoginSet(DockerAuth auth) : keyring_(std::move(auth.keyring)) {
  std::vector<std::uint32_t> numbers;  // of each login: its credential
  std::unordered_map<std::string, std::uint32_t> known;
  numbers.reserve(auth.logins.size());
  credentials_.reserve(auth.logins.size());
  for (auto& login : auth.logins) {
    auto credential = Credential::make(login.kind, std::move(login.user), std::move(login.secret));
    const auto next = static_cast<std::uint32_t>(credentials_.size());
    const auto [at, is_new] = known.emplace(credential.fingerprint, next);
    numbers.push_back(at->second);
    if (is_new) credentials_.push_back(std::move(credential));
  }
  keyring_.renumber(numbers, kMaxTried);
}

LoginSet::LoginSet(std::vector<Credential> for_all) : for_all_(true) {
  for (auto& credential : for_all) {
    if (credential.is_anonymous()) continue;
    // An empty fingerprint is anonymous's: what a real credential was shown must not go under it.
    if (credential.fingerprint.empty())
      credential =
          Credential::make(credential.kind, std::move(credential.user), std::move(credential.secret));
    const bool known = std::any_of(credentials_.begin(), credentials_.end(), [&](const Credential& other) {
      return other.fingerprint == credential.fingerprint;
    });
    if (!known) credentials_.push_back(std::move(credential));
    if (credentials_.size() == kMaxTried) break;
  }
}

void Holdings::add(SharedLogins set) {
  if (!set || set->credentials().empty()) return;
  held_.push_back({std::move(set), ring_});
  domain_.clear();
}

void Holdings::clear() {
  ring_ = 0;
  held_.clear();
  hits_.clear();
  found_.clear();
  candidates_.clear();
  domain_.clear();
}

void Holdings::look_for_host(const std::string& domain) {
  domain_ = domain;
  hits_.clear();
  const HostName host(domain);
  const bool may_exist = host.may_exist();
  for (const auto& [set, ring] : held_) {
    if (set->is_for_all()) {
      hits_.push_back({set.get(), ring, std::nullopt});
    } else if (may_exist) {
      keys_.clear();
      set->keyring().find_host(host, keys_);
      for (const auto& keys : keys_)
        hits_.push_back({set.get(), ring, keys});
    }
  }
}

std::span<const Credential* const> Holdings::match(const image::Reference& reference) {
  found_.clear();
  if (held_.empty()) return {};
  // No image's domain is empty.
  if (domain_ != reference.domain()) look_for_host(reference.domain());
  for (std::size_t first = 0; first < hits_.size();) {
    auto last = first + 1;
    while (last < hits_.size() && hits_[last].ring == hits_[first].ring)
      ++last;
    match_ring({&hits_[first], last - first}, reference.path());
    if (found_.size() == kMaxTried) break;
    first = last;
  }
  return found_;
}

std::vector<Credential> Holdings::copies(const image::Reference& reference) {
  std::vector<Credential> copies;
  for (const auto* credential : match(reference))
    copies.push_back(*credential);
  return copies;
}

// False when there are enough.
bool Holdings::take(const Credential& credential) {
  for (const auto* other : found_)
    if (other == &credential || other->fingerprint == credential.fingerprint) return true;
  found_.push_back(&credential);
  return found_.size() < kMaxTried;
}

void Holdings::match_ring(std::span<const Hit> hits, std::string_view path) {
  if (hits.size() == 1 && hits.front().keys) {
    const auto& [set, ring, keys] = hits.front();
    set->keyring().find_path(*keys, path, [&](std::string_view, auto values) {
      for (const auto value : values)
        if (!take(set->credentials()[value])) return false;
      return true;
    });
    return;
  }
  candidates_.clear();
  for (const auto& [set, ring, keys] : hits) {
    if (!keys) {
      for (const auto& credential : set->credentials())
        candidates_.push_back({{}, &credential});
      continue;
    }
    // Of every list the first of each credential, and not more than can be tried: what comes later in it
    // comes later in all of them together.
    const auto begin = candidates_.size();
    set->keyring().find_path(*keys, path, [&](std::string_view key, auto values) {
      for (const auto value : values) {
        const auto* credential = &set->credentials()[value];
        const auto from = candidates_.begin() + static_cast<std::ptrdiff_t>(begin);
        if (std::any_of(from, candidates_.end(),
                        [&](const Candidate& other) { return other.credential == credential; }))
          continue;
        candidates_.push_back({key, credential});
        if (candidates_.size() - begin == kMaxTried) return false;
      }
      return true;
    });
    if (candidates_.size() > 8 * kMaxTried) sort_candidates();
  }
  sort_candidates();
  for (const auto& [key, credential] : candidates_)
    if (!take(*credential)) break;
}

// In their order, and only as many as can be tried.
void Holdings::sort_candidates() {
  // Nearly always there are two or three, for which std::stable_sort would ask for memory.
  const auto greater = [](const Candidate& a, const Candidate& b) { return a.key > b.key; };
  for (auto at = candidates_.begin(); at != candidates_.end(); ++at)
    std::rotate(std::upper_bound(candidates_.begin(), at, *at, greater), at, at + 1);
  std::size_t kept = 0;
  for (const auto& candidate : candidates_) {
    const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(kept);
    const bool known = std::any_of(candidates_.begin(), end, [&](const Candidate& other) {
      return other.credential->fingerprint == candidate.credential->fingerprint;
    });
    if (known) continue;
    candidates_[kept] = candidate;
    if (++kept == kMaxTried) break;
  }
  candidates_.resize(kept);
}

}  // namespace digester::credential
