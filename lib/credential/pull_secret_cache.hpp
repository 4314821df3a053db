// What was read of Secrets and ServiceAccounts, for a short time. Keys hold the namespace: what one tenant's
// object said is never found under another's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "credential/keyring.hpp"
#include "credential/value.hpp"

namespace digester::credential {

// One object of the API. Both parts are names that passed is_object_name(), so that the path is as it stands.
struct PullObject {
  enum class Kind : std::uint8_t { secret, account };
  Kind kind = Kind::secret;
  std::string namespace_name;
  std::string name;

  // "/api/v1/namespaces/NS/secrets/NAME"; also the key in cache and flights.
  std::string path() const;
  std::string_view resource() const { return kind == Kind::secret ? "secrets" : "serviceaccounts"; }
};

// What an object says; never changed once made. Both parts empty: it is not there, or of no use.
struct PullContent {
  Keyring keyring;  // of a secret; its values are indexes into `credentials`
  std::vector<Credential> credentials;
  std::vector<std::string> secrets;  // of an account: the names it lists
  std::size_t bytes = 0;             // what it counts for
};
using SharedContent = std::shared_ptr<const PullContent>;

// Safe from any thread. Bounded in entries and bytes; the oldest go first.
class PullSecretCache {
 public:
  PullSecretCache(std::size_t max_entries, std::size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}

  // Null when it is not there or its life is over.
  SharedContent fresh(const std::string& key, SteadyTime now) const;
  // Also after its life, while it is younger than `age`: for when the API does not answer.
  SharedContent not_older_than(const std::string& key, SteadyTime now, std::chrono::seconds age) const;
  void put(const std::string& key, SharedContent content, SteadyTime now, std::chrono::seconds life);
  // Keeps what is there for `life` more, without making it younger.
  void extend(const std::string& key, SteadyTime now, std::chrono::seconds life);
  // Ends the life of what is under this key, but not sooner than `least` after it was read.
  void expire(const std::string& key, SteadyTime now, std::chrono::seconds least);
  // The same for all that hold this credential.
  void expire_holders(std::string_view fingerprint, SteadyTime now, std::chrono::seconds least);

  std::size_t size() const;
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    SharedContent content;
    SteadyTime read_at;
    SteadyTime ends_at;
  };
  using Position = std::list<Entry>::iterator;

  void drop(Position position);
  static void expire(Entry& entry, SteadyTime now, std::chrono::seconds least);

  const std::size_t max_entries_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;                              // the oldest first
  std::unordered_map<std::string_view, Position> index_;  // keys live in entries_
};

}  // namespace digester::credential
