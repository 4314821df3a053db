#include "files/read.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "files/system_error.hpp"
#include "posix/descriptor.hpp"

namespace digester::files {
namespace {

constexpr std::string_view kRead = "cannot be read";

// By `<(…)` and by `/dev/stdin`.
bool is_handed_over(std::string_view path) {
  return path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/");
}

bool is_unchanged(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

// Nothing when it may be read.
Result<void> check_kind(const std::string& path, const struct stat& seen) {
  if (S_ISREG(seen.st_mode)) return {};
  if (S_ISDIR(seen.st_mode)) return fail(refuse(path, "it is a directory, not a file", "name a file in it"));
  if (S_ISFIFO(seen.st_mode) && is_handed_over(path)) return {};
  return fail(refuse(path, "it is no regular file but a device, pipe or socket",
                     "pipe its content in and name it \"-\""));
}

}  // namespace

Result<std::string> read_descriptor(int fd, std::string_view path, std::size_t at_most,
                                    std::size_t expected) {
  std::string content;
  std::size_t size = 0;
  // One byte more than expected: the read that finds the end.
  content.resize(std::min(expected, at_most) + 1);
  for (;;) {
    if (size == content.size()) content.resize(std::max<std::size_t>(2 * size, 65'536));
    const auto got = ::read(fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error(path, kRead, errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > at_most)
      return fail(
          refuse(path, fmt::format("it is larger than {} bytes", at_most), "split it", ErrorKind::too_large));
  }
  content.resize(size);
  return content;
}

Result<std::string> read_file(const std::string& path, std::size_t at_most) {
  if (path == kStandardInput) return read_descriptor(STDIN_FILENO, "standard input", at_most);
  // Looked at before it is opened: opening a device may do things, opening a pipe waits.
  struct stat before {};
  if (::stat(path.c_str(), &before) != 0) return fail(system_error(path, kRead, errno));
  if (auto fine = check_kind(path, before); !fine) return fail(std::move(fine.error()));
  const posix::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) return fail(system_error(path, kRead, errno));
  if (::fstat(file.get(), &before) != 0) return fail(system_error(path, kRead, errno));
  if (auto fine = check_kind(path, before); !fine) return fail(std::move(fine.error()));
  if (S_ISFIFO(before.st_mode)) {
    ::fcntl(file.get(), F_SETFL, ::fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);
    return read_descriptor(file.get(), path, at_most);
  }
  auto content = read_descriptor(file.get(), path, at_most, static_cast<std::size_t>(before.st_size));
  if (!content) return content;
  struct stat after {};
  if (::fstat(file.get(), &after) != 0) return fail(system_error(path, kRead, errno));
  if (!is_unchanged(before, after) || static_cast<std::size_t>(after.st_size) != content->size())
    return fail(refuse(path, "it changed while it was read", "try again", ErrorKind::conflict));
  return content;
}

}  // namespace digester::files
