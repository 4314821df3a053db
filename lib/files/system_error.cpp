#include "files/system_error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/text.hpp"

namespace digester::files {
namespace {

bool is_link(std::string_view path) {
  struct stat seen {};
  return ::lstat(std::string(path).c_str(), &seen) == 0 && S_ISLNK(seen.st_mode);
}

std::string_view cure_of(int number, std::string_view path) {
  switch (number) {
    case ENOENT:
      return is_link(path) ? "it is a link to something that is not there: mend or remove the link"
                           : "is the name right?";
    case ELOOP:
      return "links go round in a circle: remove one of them";
    case EACCES:
    case EPERM:
      return "check its permissions, and those of the directories above it";
    case ENOSPC:
    case EDQUOT:
      return "make room on the disk";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f)";
    case EROFS:
      return "write somewhere else, or mount it for writing";
    case ENOTDIR:
      return "what stands before a slash must be a directory";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    case ENAMETOOLONG:
      return "give it a shorter name";
    default:
      return {};
  }
}

ErrorKind kind_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::forbidden;
    case ELOOP:
    case ENAMETOOLONG:
      return ErrorKind::invalid;
    default:
      return ErrorKind::unavailable;
  }
}

}  // namespace

std::string shown(std::string_view path) {
  return text::printable(path, 1024);
}

Error system_error(std::string_view path, std::string_view what, int number) {
  auto message = fmt::format("{}: {}: {}", shown(path), what, std::generic_category().message(number));
  if (const auto cure = cure_of(number, path); !cure.empty()) message += fmt::format("; {}", cure);
  return {kind_of(number), std::move(message)};
}

Error refuse(std::string_view path, std::string_view cause, std::string_view cure, ErrorKind kind) {
  return {kind, fmt::format("{}: {}{}{}", shown(path), cause, cure.empty() ? "" : "; ", cure)};
}

}  // namespace digester::files
