// Lock files of Carvel's imgpkg and kbld: which digest each image had.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace digester::known {

// One of `images`. With what kbld writes as annotations apart from all others.
struct LockEntry {
  std::string image;                               // repository@digest
  std::string id = {};                             // kbld.carvel.dev/id: the image as manifests name it
  std::string origins = {};                        // kbld.carvel.dev/origins: YAML, for people
  std::map<std::string, std::string> others = {};  // annotations of other tools
  std::size_t line = 0;                            // 0: not read
  friend bool operator==(const LockEntry&, const LockEntry&) = default;
};

// The entry for an image that was pinned: `before` as the manifest had it, `after` as it has it now, with its
// digest. Nothing where `after` has none, or is no reference. Written as kbld would: Docker Hub by its full
// name, origins that tell where the digest came from.
std::optional<LockEntry> lock_entry(std::string_view before, std::string_view after);

// kind: ImagesLock, apiVersion: imgpkg.carvel.dev/v1alpha1.
class ImagesLock {
 public:
  // Errors: "line N: cause; cure". Each image must have a digest, and an id must not stand for two.
  static Result<ImagesLock> read(std::string_view text);

  // What stands for an image: itself with the locked digest where the lock has the same repository (with
  // `digest_only` in the place of its tag), else what the lock has, for images that were copied elsewhere. By
  // the id as it is written, or one that means the same (nginx and docker.io/library/nginx:latest). An image
  // with a digest stays.
  std::optional<std::string> find(std::string_view image, bool digest_only = false) const;

  const std::vector<LockEntry>& entries() const { return entries_; }
  // The one for an image, as find() finds it; null where there is none. Valid until the next merge.
  const LockEntry* entry(std::string_view image) const;

  // Puts fresh entries in the place of those with the same id (whose other annotations stay). The ids of
  // those that are kept although nothing fresh has them: nobody may need them any more.
  std::vector<std::string> merge(std::span<const LockEntry> fresh);

  // Sorted by id, then image: the same entries are always the same text.
  Result<std::string> write() const;

 private:
  void index();
  std::vector<LockEntry> entries_;
  std::unordered_map<std::string, std::size_t> by_id_;    // as written
  std::unordered_map<std::string, std::size_t> by_name_;  // as runtimes understand it
};

}  // namespace digester::known
