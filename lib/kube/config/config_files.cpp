#include "kube/config/config_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/text.hpp"

namespace digester::kube {
namespace {

struct Descriptor {
  explicit Descriptor(int fd) : value(fd) {}
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int value;
};

}  // namespace

Result<std::optional<std::string>> read_config_file(const std::string& path) {
  const auto cannot = [&](ErrorKind kind, std::string_view why) {
    return fail(kind, fmt::format("cannot read {}: {}", text::printable(path, 256), why));
  };
  const auto system_text = [] { return std::error_code(errno, std::generic_category()).message(); };
  // Without O_NONBLOCK, opening a pipe would wait for its writer. A pipe that has one is read
  // (kubectl --kubeconfig <(…)), so what it gives is waited for below.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  struct stat info {};
  if (file.value < 0 || ::fstat(file.value, &info) != 0) return cannot(ErrorKind::forbidden, system_text());
  if (S_ISDIR(info.st_mode)) return cannot(ErrorKind::invalid, "it is a directory, not a file");
  if (S_ISFIFO(info.st_mode)) ::fcntl(file.value, F_SETFL, 0);
  std::string content;
  char chunk[64 * 1024];
  for (;;) {
    const auto got = ::read(file.value, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot(ErrorKind::unavailable, system_text());
    if (got == 0) return content;
    content.append(chunk, static_cast<std::size_t>(got));
    if (content.size() > kMaxConfigFile) return cannot(ErrorKind::too_large, "it is longer than 4 MiB");
  }
}

Result<std::string> require_config_file(const std::string& path) {
  auto content = read_config_file(path);
  if (!content) return fail(std::move(content.error()));
  if (!*content)
    return fail(ErrorKind::not_found,
                fmt::format("cannot read {}: it is not there", text::printable(path, 256)));
  return std::move(**content);
}

}  // namespace digester::kube
