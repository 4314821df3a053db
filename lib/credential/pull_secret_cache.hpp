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
#include "credential/holdings.hpp"

namespace digester::credential {

// One object of the API. Both parts are names that passed is_object_name(), so that the path is as it stands.
// The path is also the key in cache and flights.
struct PullObject {
  enum class Kind : std::uint8_t { secret, account };
  Kind kind = Kind::secret;
  std::string namespace_name;
  std::string name;

  // "/api/v1/namespaces/NS/secrets/NAME"
  std::string path() const;
  std::string_view resource() const { return resource(kind); }
  static std::string_view resource(Kind kind) { return kind == Kind::secret ? "secrets" : "serviceaccounts"; }
};

// The paths of one kind in one namespace, one after the other in the same memory.
class PullPaths {
 public:
  PullPaths(PullObject::Kind kind, std::string_view namespace_name);
  // Until the next call.
  std::string_view of(std::string_view name);

 private:
  std::string path_;
  std::size_t folder_;
};

// What an object says; never changed once made. Both parts empty: it is not there, or of no use.
struct PullContent {
  LoginSet logins;                   // of a secret
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
  SharedContent fresh(std::string_view key, SteadyTime now) const;
  // Also after its life, while it is younger than `age`: for when the API does not answer.
  SharedContent not_older_than(const std::string& key, SteadyTime now, std::chrono::seconds age) const;
  void put(const std::string& key, SharedContent content, SteadyTime now, std::chrono::seconds life);
  // Keeps what is there for `life` more, without making it younger.
  void extend(const std::string& key, SteadyTime now, std::chrono::seconds life);
  // Ends the life of what is under this key, but not sooner than `least` after it was read.
  void expire(std::string_view key, SteadyTime now, std::chrono::seconds least);
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
