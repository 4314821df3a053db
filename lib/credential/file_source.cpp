#include "credential/file_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/text.hpp"

namespace digester::credential {
namespace {

class Descriptor {
 public:
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  explicit Descriptor(const std::string& path)
      : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

bool is_absent(int error) {
  return error == ENOENT;
}

// Says nothing about the file.
bool is_our_lack(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

// One byte more than the limit tells a file that grew meanwhile. Empty optional: errno says why.
std::optional<std::string> read_up_to(int descriptor, std::size_t limit) {
  std::string content;
  for (;;) {
    const auto have = content.size();
    const std::size_t chunk = std::min<std::size_t>(limit - have, 64 * 1024);
    if (chunk == 0) return content;
    content.resize(have + chunk);
    const auto got = ::read(descriptor, content.data() + have, chunk);
    if (got < 0 && errno == EINTR) {
      content.resize(have);
      continue;
    }
    if (got < 0) return std::nullopt;
    content.resize(have + static_cast<std::size_t>(got));
    if (got == 0) return content;
  }
}

}  // namespace

Result<std::optional<std::string>> FileSource::changed() {
  const auto shown = text::printable(path_, 256);
  const auto system_text = [](int error) {
    return std::error_code(error, std::generic_category()).message();
  };

  const Descriptor file(path_);
  Stamp stamp;
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    stamp.problem = errno;
  } else {
    stamp.device = info.st_dev;
    stamp.inode = info.st_ino;
    stamp.size = info.st_size;
    stamp.modified_ns = nanoseconds(info.st_mtim);
    stamp.status_changed_ns = nanoseconds(info.st_ctim);
  }
  if (is_our_lack(stamp.problem))
    return fail(ErrorKind::unavailable, fmt::format("cannot read {}: {}", shown, system_text(stamp.problem)));
  if (seen_ == stamp) return std::nullopt;
  seen_ = stamp;

  if (is_absent(stamp.problem)) return std::string();
  if (stamp.problem == ENOTDIR)
    return fail(ErrorKind::invalid,
                fmt::format("cannot read {}: a part of its path is a file, not a directory", shown));
  if (stamp.problem != 0)
    return fail(ErrorKind::forbidden, fmt::format("cannot read {}: {}", shown, system_text(stamp.problem)));
  if (S_ISDIR(info.st_mode))
    return fail(ErrorKind::invalid, fmt::format("cannot read {}: it is a directory, not a file", shown));
  if (!S_ISREG(info.st_mode))
    return fail(ErrorKind::invalid, fmt::format("cannot read {}: it is not a regular file", shown));

  auto content = read_up_to(file.get(), kMaxBytes + 1);
  if (!content) {
    const int error = errno;
    seen_.reset();
    return fail(ErrorKind::unavailable, fmt::format("cannot read {}: {}", shown, system_text(error)));
  }
  if (content->size() > kMaxBytes)
    return fail(ErrorKind::too_large, fmt::format("{} is longer than 10 MiB and is not read", shown));
  return content;
}

}  // namespace digester::credential
