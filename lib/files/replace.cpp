#include "files/replace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "files/stage.hpp"
#include "files/system_error.hpp"
#include "posix/held_signals.hpp"

namespace digester::files {
namespace {

constexpr std::string_view kWritten = "cannot be written";
constexpr std::string_view kNothingChanged = "nothing was changed";

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

void synchronise_directory(const std::string& directory) {
  const posix::Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.is_open()) ::fsync(opened.get());
}

// All the files of one call, and how far they are.
class Replacement {
 public:
  explicit Replacement(const ReplaceHooks& hooks) : hooks_(hooks) {}
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  // Whatever was not carried out leaves nothing behind; of what was, this is the old text.
  ~Replacement() {
    for (const auto& file : files_)
      if (!file.old.empty()) ::unlink(file.old.c_str());
  }

  Result<void> add(const Change& change) {
    auto staged = stage(change.path, change.before, change.after);
    if (!staged) return fail(std::move(staged.error()));
    auto temporary = staged->temporary;
    files_.push_back({std::move(*staged), std::move(temporary)});
    const auto& seen = files_.back().staged.seen;
    if (!inodes_.insert({seen.st_dev, seen.st_ino}).second)
      return fail(refuse(change.path, "it is named twice", "name it once"));
    return {};
  }

  // After all are written. Of many, their file systems as a whole: a wait for each file would take longer.
  Result<void> bring_all_to_disk() const {
    if (files_.size() > kMany) return bring_file_systems_to_disk();
    for (const auto& file : files_)
      if (auto done = bring_to_disk(file.staged.temporary, file.staged.path); !done) return done;
    return {};
  }

  Result<void> carry_out() {
    for (auto& file : files_) {
      if (hooks_.before_swap) hooks_.before_swap(static_cast<std::size_t>(&file - files_.data()));
      if (auto swapped = swap(file); !swapped) return fail(undo(std::move(swapped.error())));
    }
    if (files_.size() > kMany) {
      // They are in their places; what is left to fear is a power cut.
      (void)bring_file_systems_to_disk();
      return {};
    }
    std::set<std::string> directories;
    for (const auto& file : files_)
      directories.insert(directory_of(file.staged.target));
    for (const auto& directory : directories)
      synchronise_directory(directory);
    return {};
  }

 private:
  static constexpr std::size_t kMany = 16;

  Result<void> bring_file_systems_to_disk() const {
    std::set<dev_t> done;
    for (const auto& file : files_) {
      if (!done.insert(file.staged.seen.st_dev).second) continue;
      const auto directory = directory_of(file.staged.target);
      const posix::Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!opened.is_open() || ::syncfs(opened.get()) != 0)
        return fail(system_error(file.staged.path, kWritten, errno));
    }
    return {};
  }

  struct File {
    Staged staged;
    std::string old;  // beside the target: the new text at first, once `is_done` the old one; empty: neither
    bool is_done = false;
  };

  static Error changed(const File& file) {
    return refuse(file.staged.path, "somebody changed it meanwhile", "run this again", ErrorKind::conflict);
  }

  Result<void> swap(File& file) {
    const auto& [path, target, temporary, seen] = file.staged;
    if (!hooks_.without_exchange &&
        ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
      file.is_done = true;
      struct stat old {};
      if (::lstat(temporary.c_str(), &old) != 0 || !is_same(old, seen)) return fail(changed(file));
      return {};
    }
    if (!hooks_.without_exchange && errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
      return fail(system_error(path, kWritten, errno));
    return swap_in_two_steps(file);
  }

  // Where files cannot change places.
  Result<void> swap_in_two_steps(File& file) {
    const auto& [path, target, temporary, seen] = file.staged;
    struct stat now {};
    if (::lstat(target.c_str(), &now) != 0 || !is_same(now, seen)) return fail(changed(file));
    auto old = temporary + ".old";
    const bool linked = ::link(target.c_str(), old.c_str()) == 0;
    if (::rename(temporary.c_str(), target.c_str()) != 0) {
      const auto error = system_error(path, kWritten, errno);
      if (linked) ::unlink(old.c_str());
      return fail(error);
    }
    file.old = linked ? std::move(old) : std::string();
    file.is_done = true;
    return {};
  }

  // Gives back the error with what became of the files.
  Error undo(Error error) {
    std::string left;
    for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
      if (!file->is_done || put_back(*file)) continue;
      left += (left.empty() ? "" : ", ") + shown(file->staged.path);
      if (!file->old.empty()) left += " (its old text is in " + shown(file->old) + ")";
      file->old.clear();  // not to be removed: it is the only one left
    }
    if (left.empty()) {
      error.message += fmt::format("; {}", kNothingChanged);
      return error;
    }
    error.message += fmt::format("; changed all the same, and not to be put back: {}", left);
    error.kind = ErrorKind::internal;
    return error;
  }

  bool put_back(File& file) const {
    if (file.old.empty()) return false;
    const bool two_steps = file.old != file.staged.temporary;
    if (two_steps ? ::rename(file.old.c_str(), file.staged.target.c_str()) != 0
                  : ::renameat2(AT_FDCWD, file.old.c_str(), AT_FDCWD, file.staged.target.c_str(),
                                RENAME_EXCHANGE) != 0)
      return false;
    if (two_steps) file.old.clear();
    file.is_done = false;
    return true;
  }

  const ReplaceHooks& hooks_;
  std::vector<File> files_;
  std::set<std::pair<dev_t, ino_t>> inodes_;
};

}  // namespace

Result<void> replace_all(std::span<const Change> changes, const ReplaceHooks& hooks) {
  const posix::HeldSignals signals;
  Replacement replacement(hooks);
  const auto nothing_changed = [](Error error) {
    error.message += fmt::format("; {}", kNothingChanged);
    return fail(std::move(error));
  };
  for (const auto& change : changes) {
    if (hooks.before_stage) hooks.before_stage(static_cast<std::size_t>(&change - changes.data()));
    if (auto added = replacement.add(change); !added) return nothing_changed(std::move(added.error()));
    if (signals.is_waiting()) return nothing_changed({ErrorKind::cancelled, "ended by a signal"});
  }
  if (auto done = replacement.bring_all_to_disk(); !done) return nothing_changed(std::move(done.error()));
  if (signals.is_waiting()) return nothing_changed({ErrorKind::cancelled, "ended by a signal"});
  return replacement.carry_out();
}

Result<void> may_be_written(const std::string& path) {
  struct stat seen {};
  const bool is_there = ::stat(path.c_str(), &seen) == 0;
  if (is_there && S_ISDIR(seen.st_mode))
    return fail(refuse(path, "it is a directory, not a file", "name a file in it"));
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  // A file is replaced, for which its directory counts.
  const bool is_replaced =
      !is_there || (S_ISREG(seen.st_mode) && !path.starts_with("/dev/") && !path.starts_with("/proc/"));
  const auto asked = is_replaced ? directory_of(real ? real.get() : path) : path;
  if (::faccessat(AT_FDCWD, asked.c_str(), is_replaced ? W_OK | X_OK : W_OK, AT_EACCESS) != 0)
    return fail(system_error(path, kWritten, errno));
  if (struct stat directory{};
      is_replaced && (::stat(asked.c_str(), &directory) != 0 || !S_ISDIR(directory.st_mode)))
    return fail(system_error(path, kWritten, ENOTDIR));
  return {};
}

Result<void> write_file(const std::string& path, std::string_view content) {
  struct stat seen {};
  const bool is_there = ::stat(path.c_str(), &seen) == 0;
  if (is_there && S_ISDIR(seen.st_mode))
    return fail(refuse(path, "it is a directory, not a file", "name a file in it"));
  // What is no file, and where standard output leads, is not replaced.
  if (is_there && (!S_ISREG(seen.st_mode) || path.starts_with("/dev/") || path.starts_with("/proc/"))) {
    const posix::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_APPEND));
    if (!file.is_open()) return fail(system_error(path, kWritten, errno));
    return write_all(file.get(), path, content);
  }
  const posix::HeldSignals signals;
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  const std::string target = real ? real.get() : path;
  auto temporary = create_beside(target, 0666);
  if (!temporary) return fail(std::move(temporary.error()));
  auto done = write_all(temporary->file.get(), path, content);
  if (done) done = bring_to_disk(temporary->path, path);
  if (done && is_there && ::fchmod(temporary->file.get(), seen.st_mode & 07777) != 0)
    done = fail(system_error(path, kWritten, errno));
  if (done && ::rename(temporary->path.c_str(), target.c_str()) != 0)
    done = fail(system_error(path, kWritten, errno));
  if (!done) ::unlink(temporary->path.c_str());
  return done;
}

}  // namespace digester::files
