#include "files/stage.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <vector>

#include "files/read.hpp"
#include "files/system_error.hpp"

namespace digester::files {
namespace {

constexpr std::string_view kWritten = "cannot be written";

Result<std::string> resolve_links(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  if (!real) return fail(system_error(path, kWritten, errno));
  return std::string(real.get());
}

Result<void> may_be_replaced(const std::string& path, const std::string& target, const struct stat& seen) {
  if (!S_ISREG(seen.st_mode)) return fail(refuse(path, "it is no regular file", "name a file"));
  if (seen.st_nlink > 1)
    return fail(
        refuse(path, fmt::format("it has {} hard links, which would come apart", seen.st_nlink),
               fmt::format("make it a file of its own: cp {0} {0}.new && mv {0}.new {0}", shown(path))));
  if (::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) != 0)
    return fail(system_error(path, kWritten, errno));
  return {};
}

Result<void> copy_attribute(int from, int to, const char* name, const std::string& path) {
  std::vector<char> value;
  ssize_t size = ::fgetxattr(from, name, nullptr, 0);
  if (size > 0) {
    value.resize(static_cast<std::size_t>(size));
    size = ::fgetxattr(from, name, value.data(), value.size());
  }
  if (size < 0) return {};  // gone, or not for us to see
  if (::fsetxattr(to, name, value.data(), static_cast<std::size_t>(size), 0) == 0) return {};
  // The system gives these by its own rules.
  const std::string_view space = name;
  if (space.starts_with("security.") || space.starts_with("trusted.")) return {};
  return fail(system_error(path, fmt::format("its attribute {} cannot be kept", shown(name)), errno));
}

Result<void> copy_attributes(int from, int to, const std::string& path) {
  ssize_t size = ::flistxattr(from, nullptr, 0);
  if (size <= 0) return {};
  std::vector<char> names(static_cast<std::size_t>(size));
  size = ::flistxattr(from, names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    const char* name = names.data() + at;
    if (auto copied = copy_attribute(from, to, name, path); !copied) return copied;
    at += static_cast<ssize_t>(std::string_view(name).size()) + 1;
  }
  return {};
}

Result<void> copy_owner_and_mode(int from, int to, const struct stat& seen, const std::string& path) {
  struct stat made {};
  if (::fstat(to, &made) != 0) return fail(system_error(path, kWritten, errno));
  if ((made.st_uid != seen.st_uid || made.st_gid != seen.st_gid) &&
      ::fchown(to, seen.st_uid, seen.st_gid) != 0)
    return fail(refuse(path, fmt::format("a new file cannot have its owner {}:{}", seen.st_uid, seen.st_gid),
                       "run digester as that user, or chown the file", ErrorKind::forbidden));
  if (::fchmod(to, seen.st_mode & 07777) != 0) return fail(system_error(path, kWritten, errno));
  return copy_attributes(from, to, path);
}

}  // namespace

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Result<Temporary> create_beside(const std::string& target, mode_t mode) {
  const auto slash = target.rfind('/');
  const auto directory = slash == std::string::npos ? std::string() : target.substr(0, slash + 1);
  const auto name = target.substr(directory.size(), 200);
  for (unsigned attempt = 0; attempt < 1000; ++attempt) {
    auto path = fmt::format("{}.{}.digester-{}-{}", directory, name, ::getpid(), attempt);
    posix::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file.is_open()) return Temporary{std::move(file), std::move(path)};
    if (errno != EEXIST) return fail(system_error(target, kWritten, errno));
  }
  return fail(system_error(target, kWritten, EEXIST));
}

Result<void> write_all(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(system_error(path, kWritten, errno));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> bring_to_disk(const std::string& file, const std::string& path) {
  const posix::Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  int result = opened.is_open() ? 0 : -1;
  if (result == 0) do {
      result = ::fsync(opened.get());
    } while (result != 0 && errno == EINTR);
  if (result != 0) return fail(system_error(path, kWritten, errno));
  return {};
}

Result<Staged> stage(const std::string& path, std::string_view before, std::string_view after) {
  Staged staged;
  staged.path = path;
  auto target = resolve_links(path);
  if (!target) return fail(std::move(target.error()));
  staged.target = std::move(*target);
  const posix::Descriptor old(
      ::open(staged.target.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW));
  if (!old.is_open() || ::fstat(old.get(), &staged.seen) != 0)
    return fail(system_error(path, "cannot be read", errno));
  if (auto may = may_be_replaced(path, staged.target, staged.seen); !may) return fail(std::move(may.error()));
  const auto now = read_descriptor(old.get(), path, before.size(), before.size());
  if (!now && now.error().kind != ErrorKind::too_large) return fail(now.error());
  if (!now || *now != before)
    return fail(refuse(path, "somebody changed it since it was read", "run this again", ErrorKind::conflict));

  auto temporary = create_beside(staged.target, 0600);
  if (!temporary) return fail(std::move(temporary.error()));
  auto done = write_all(temporary->file.get(), path, after);
  if (done) done = copy_owner_and_mode(old.get(), temporary->file.get(), staged.seen, path);
  if (!done) {
    ::unlink(temporary->path.c_str());
    return fail(std::move(done.error()));
  }
  staged.temporary = std::move(temporary->path);
  return staged;
}

}  // namespace digester::files
