// A new text, complete, beside the file that it is to replace. Internal to the room.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "posix/descriptor.hpp"

namespace digester::files {

struct Staged {
  std::string path;       // as the user named it
  std::string target;     // the same without symbolic links
  std::string temporary;  // beside it
  struct stat seen {};    // the target, when its content was looked at
};

// Is it still the same file with the same content, as far as its inode tells?
bool is_same(const struct stat& a, const struct stat& b);

// A file that is not there yet, beside the target.
struct Temporary {
  posix::Descriptor file;
  std::string path;
};
Result<Temporary> create_beside(const std::string& target, mode_t mode);
Result<void> write_all(int fd, const std::string& path, std::string_view content);
// `path` is for messages.
Result<void> bring_to_disk(const std::string& file, const std::string& path);

// Leaves nothing behind where it fails.
Result<Staged> stage(const std::string& path, std::string_view before, std::string_view after);

}  // namespace digester::files
