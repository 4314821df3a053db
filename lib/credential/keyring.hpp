// Which entries of a docker config speak for an image: kubelet's matching, which pull secrets rely on.
//
// A key is a registry's host, glob patterns allowed in each label, an optional port, and an optional path:
// "reg.io:5000/team", "*.example.com", "https://index.docker.io/v1/". Specification: Kubernetes' "Using a
// Private Registry" and the behaviour of its credential provider package. Ours differs in this: hosts compare
// without regard to case, and the names of Docker Hub (docker.io, index.docker.io, registry-1.docker.io) are
// one.
//
// Keys are split and sorted once, when a config has been read, so that an image costs next to nothing however
// many there are: its host is found by halving, its path by halving among that host's paths, and whatever
// else matches hangs on that one as a chain. Only hosts with patterns are tried one by one, and they are few.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/reference.hpp"

namespace digester::credential {

// A host as keys and images name it.
struct HostName {
  std::string name;  // in lower case, without port; Docker Hub's names are one
  std::string port;  // empty: none was written

  HostName() = default;
  explicit HostName(std::string_view authority);
  // No label is longer than DNS knows: no other host exists, and to try patterns on it would only cost time.
  bool may_exist() const;
  friend auto operator<=>(const HostName&, const HostName&) = default;
};

// What a Keyring is made of.
class KeyList {
 public:
  // A host name's 253 bytes with room for patterns, and a path's 255.
  static constexpr std::size_t kMaxKey = 1024;
  // The hosts with patterns, each counted once, together: some 200 of them. Every one is tried for every
  // host, and whoever writes a pull secret must not decide what other people's reviews cost.
  static constexpr std::size_t kMaxPatternBytes = 8192;

  enum class Added : std::uint8_t { yes, no_host, too_many_patterns };
  // `value` is what match() gives back. Nothing is added when the key names no host, is longer than kMaxKey,
  // or its patterns are too many.
  Added add(std::string_view key, std::size_t value);

 private:
  friend class Keyring;
  struct Entry {
    HostName host;
    std::string key;  // normalised: host, port and path
    std::size_t host_end = 0;
    std::size_t value = 0;
  };
  std::vector<Entry> entries_;
  std::set<std::string, std::less<>> patterns_;
  std::size_t pattern_bytes_ = 0;
};

// A value: never changed once in use, so read from any thread.
class Keyring {
 public:
  Keyring() = default;
  explicit Keyring(KeyList list);

  // The values of every key that matches, in reverse lexicographic order of the normalised keys: the more
  // specific path first, names before globs. Equal keys keep the order in which they were added.
  std::vector<std::size_t> match(const image::Reference& reference) const;

  struct Match {
    std::size_t ring = 0;  // index into the rings
    std::size_t value = 0;
  };
  // The same over several keyrings as if all their keys were in one, added ring by ring: what kubelet makes
  // of several pull secrets. No ring may be null.
  static std::vector<Match> match(std::span<const Keyring* const> rings, const image::Reference& reference);

  // The steps of match() one by one, for whoever asks for many images: the keys of one spelling of a host …
  struct Keys {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };
  // … those whose host is this one, names before patterns …
  void find_host(const HostName& host, std::vector<Keys>& into) const;
  // … and of them those whose path matches, the more specific first: `take(key, values)`, whose views live as
  // long as this, and which returns false to end it.
  template <typename Take>
  void find_path(const Keys& keys, std::string_view path, Take take) const {
    for (auto at = nearest(keys, path); at != kNone; at = nodes_[at].parent) {
      // kubelet takes the key's path for a plain prefix: team matches team-b as well.
      if (!path.starts_with(nodes_[at].path())) continue;
      if (!take(std::string_view(nodes_[at].key), std::span<const std::uint32_t>(nodes_[at].values))) return;
    }
  }

  // Puts values[v] in the place of every value v, and keeps the first `most` distinct ones of a key.
  void renumber(std::span<const std::uint32_t> values, std::size_t most);

  // How many entries were added.
  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  // One key, and all values that were added under it.
  struct Node {
    std::string key;
    std::size_t host_end = 0;
    std::vector<std::uint32_t> values;
    std::uint32_t parent = kNone;  // the longest other key of this host that is a prefix
    // Without the slash in front, as images have it.
    std::string_view path() const {
      return key.size() > host_end ? std::string_view(key).substr(host_end + 1) : std::string_view();
    }
  };
  struct Site {
    HostName host;
    std::vector<std::string> labels;  // of a pattern
    Keys keys;
  };
  std::uint32_t nearest(const Keys& keys, std::string_view path) const;
  void hang(const Keys& keys);

  std::vector<Node> nodes_;  // by site; within it, longer paths before their prefixes
  std::vector<Site> names_;  // sorted by host
  std::vector<Site> patterns_;
  std::size_t size_ = 0;
};

// Shell globs within one label: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a character to be taken as it is. A
// malformed pattern matches nothing. Exposed for its tests.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace digester::credential
