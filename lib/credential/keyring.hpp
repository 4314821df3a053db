// Which entries of a docker config speak for an image: kubelet's matching, which pull secrets rely on.
//
// A key is a registry's host, glob patterns allowed in each label, an optional port, and an optional path:
// "reg.io:5000/team", "*.example.com", "https://index.docker.io/v1/". Specification: Kubernetes' "Using a
// Private Registry" and the behaviour of its credential provider package. Ours differs in this: hosts compare
// without regard to case, and the names of Docker Hub (docker.io, index.docker.io, registry-1.docker.io) are
// one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/reference.hpp"

namespace digester::credential {

// A value: filled once with add(), then read from any thread.
class Keyring {
 public:
  // A host name's 253 bytes with room for patterns, and a path's 255.
  static constexpr std::size_t kMaxKey = 1024;

  // False when `key` names no host or is longer than kMaxKey; nothing is added then. `value` is what match()
  // gives back.
  bool add(std::string_view key, std::size_t value);

  // The values of every key that matches, in reverse lexicographic order of the normalised keys: the more
  // specific path first, names before globs. Equal keys keep the order in which they were added.
  // Linear in the number of keys: configurations have a few.
  std::vector<std::size_t> match(const image::Reference& reference) const;

  struct Match {
    std::size_t ring = 0;  // index into the rings
    std::size_t value = 0;
  };
  // The same over several keyrings as if all their keys were in one, added ring by ring: what kubelet makes
  // of several pull secrets. No ring may be null.
  static std::vector<Match> match(std::span<const Keyring* const> rings, const image::Reference& reference);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;  // normalised: host, port and path
    std::vector<std::string> labels;
    std::string port;
    std::string path;  // empty, or begins with '/'
    std::size_t value = 0;
  };
  std::vector<Entry> entries_;
};

// Shell globs within one label: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a character to be taken as it is. A
// malformed pattern matches nothing. Exposed for its tests.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace digester::credential
