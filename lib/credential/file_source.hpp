// One credentials file on disk: found out cheaply whether it changed, read within a limit.
//
// The calls block for as long as a local file takes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace digester::credential {

class FileSource {
 public:
  static constexpr std::size_t kMaxBytes = 10 * 1024 * 1024;

  explicit FileSource(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // What became of the file since the last call. Symbolic links are followed, so that the swap of a
  // Kubernetes secret volume counts as a change.
  //   empty optional   nothing changed
  //   empty string     it is not there (which is no error)
  //   content          it is new or changed
  //   invalid, too_large, forbidden
  //                    it is a directory, a pipe, too long, not readable: said once, until that changes
  //   unavailable      not known, for want of descriptors or memory, or the disk failed: asked again next
  //   time
  Result<std::optional<std::string>> changed();

 private:
  // Everything by which a change shows; all zero for a file that is not there.
  struct Stamp {
    int problem = 0;  // errno of opening it
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t status_changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  std::string path_;
  std::optional<Stamp> seen_;
};

}  // namespace digester::credential
