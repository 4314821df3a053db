// Where objects name images: the paths that are known, and those that the user adds.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace digester::manifest {

// As kustomize writes it: `path: spec/steps[]/image`; a `/` in a key is written `\/`. What is empty fits
// everything.
struct FieldSpec {
  std::string path;
  std::string kind = {};
  std::string group = {};
  std::string version = {};
};

// The keys that occur in paths, and those that say what an object is, by number.
using Key = std::uint16_t;
inline constexpr Key kNoKey = 0;
inline constexpr std::size_t kMaxKeys = 512;
using KeySet = std::bitset<kMaxKeys>;
// These have fixed numbers.
inline constexpr Key kApiVersion = 1, kKind = 2, kMetadata = 3, kName = 4, kNamespace = 5, kAnnotations = 6,
                     kItems = 7, kImage = 8, kReference = 9;

// Immutable; one for a whole run.
class Rules {
 public:
  // Pod specs at four places of whatever kind (as the webhook has them), Pod templates wherever they stand,
  // lists' items, Tekton, Argo Workflows, OLM's relatedImages and deployments; and `more`.
  static Result<Rules> make(std::span<const FieldSpec> more = {});

  Key key(std::string_view text) const;
  std::string_view text(Key key) const;
  // A value of this key, or an element of its list, may be an image: worth a look at its path.
  bool is_leaf(Key key) const { return leaves_.test(key); }

  // Is the path an image's in any kind of object? `spec/containers[]/image`.
  bool knows(std::string_view path) const;
  bool fits(std::string_view path, std::string_view api_version, std::string_view kind) const;

 private:
  struct Rule {
    std::string group, version, kind;
    bool any_group = true;
  };
  Rules();
  Result<void> add(const FieldSpec& spec);
  void add_built_in(std::string_view path, std::string_view group = {}, std::string_view kind = {});
  void add_keys(std::string_view path);
  Key add_key(std::string_view text);

  std::unordered_map<std::string, Key> keys_;
  std::vector<std::string> texts_;  // by key, less one
  KeySet leaves_;
  std::unordered_map<std::string, std::vector<Rule>> by_path_;
  // Kustomize goes through lists whether or not `[]` is written: by the path without them.
  std::unordered_map<std::string, std::vector<Rule>> loose_;
};

// A path's keys and list marks, appended: "spec" + "containers" + "[]".
void append_path_key(std::string& path, std::string_view key);

}  // namespace digester::manifest
