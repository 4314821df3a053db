// Writing files so that they are whole at every moment: all of them are replaced, or none.
//
// A new text is written to a file of its own beside the target (`.NAME.digester-…`) and brought to the disk;
// once all are there, each changes places with its target (renameat2, RENAME_EXCHANGE), so that the old one
// is at hand until the last has done so. What fails on the way is undone. Mode, owner, group and extended
// attributes are the old file's; a symbolic link stays, its target is replaced. A file with several hard
// links is refused: replaced, its other names would keep the old text, and written in place it might be left
// half written. So is a file that is not what was read any more.
//
// Meanwhile SIGINT, SIGTERM, SIGHUP and SIGQUIT wait. One that comes before the first file has changed undoes
// everything, one that comes later finds everything done; then it takes its effect. Only SIGKILL or a power
// cut may leave files with such names; the targets are whole even then.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::files {

struct Change {
  std::string path;
  std::string_view before;  // as it was read
  std::string_view after;
};

// For tests: called before the n-th file changes places with the new one, and before the new one is made.
struct ReplaceHooks {
  std::function<void(std::size_t n)> before_swap = {};
  std::function<void(std::size_t n)> before_stage = {};
  bool without_exchange = false;  // as on a file system that cannot
};

// Errors are one line that begins with the path, and say that nothing was changed; or, where a change could
// not be undone (ErrorKind::internal, and that alone), which file stands as it should not.
// ErrorKind::conflict: somebody else changed a file; ErrorKind::cancelled: by a signal.
Result<void> replace_all(std::span<const Change> changes, const ReplaceHooks& hooks = {});

// Whether write_file() would find the place that it needs, as far as can be told without writing: a directory
// that is not there, permissions. The same errors.
Result<void> may_be_written(const std::string& path);

// One file, new or not, as a whole. A device or pipe (/dev/stdout) is written to.
Result<void> write_file(const std::string& path, std::string_view content);

}  // namespace digester::files
