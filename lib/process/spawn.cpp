#include "process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>

#include <cerrno>
#include <system_error>

#include "base/text.hpp"
#include "posix/descriptor.hpp"

namespace digester::process {
namespace {

struct FileActions {
  FileActions() { ::posix_spawn_file_actions_init(&value); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t value{};
};

struct Attributes {
  Attributes() { ::posix_spawnattr_init(&value); }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t value{};
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (auto& string : strings)
    all.push_back(string.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<pid_t> spawn(Start start) {
  FileActions actions;
  // Copies beside the standard ones: taken before any of those is replaced.
  const posix::Descriptor output(::fcntl(start.output, F_DUPFD_CLOEXEC, 3));
  const posix::Descriptor errors(::fcntl(start.errors, F_DUPFD_CLOEXEC, 3));
  if (start.input < 0)
    ::posix_spawn_file_actions_addopen(&actions.value, 0, "/dev/null", O_RDONLY, 0);
  else
    ::posix_spawn_file_actions_adddup2(&actions.value, start.input, 0);
  ::posix_spawn_file_actions_adddup2(&actions.value, output.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions.value, errors.get(), 2);
  // Sockets are not close-on-exec.
  ::posix_spawn_file_actions_addclosefrom_np(&actions.value, 3);
  if (!start.directory.empty())
    ::posix_spawn_file_actions_addchdir_np(&actions.value, start.directory.c_str());
  Attributes attributes;
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes.value, &signals);  // threads here may block some
  ::sigaddset(&signals, SIGPIPE);                             // ignored by us, to be its own affair again
  ::sigaddset(&signals, SIGXFSZ);                             // so is this (posix::HeldSignals)
  ::posix_spawnattr_setsigdefault(&attributes.value, &signals);
  ::posix_spawnattr_setpgroup(&attributes.value, 0);
  ::posix_spawnattr_setflags(&attributes.value,
                             static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                (start.own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  auto arguments = pointers(start.arguments);
  auto environment = pointers(start.environment);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions.value, &attributes.value, arguments.data(),
                                   environment.data());
  if (error == 0) return pid;
  return fail(error == ENOENT ? ErrorKind::not_found : ErrorKind::internal,
              fmt::format("{} cannot be started: {}", text::printable(start.arguments.front(), 200),
                          std::error_code(error, std::generic_category()).message()));
}

}  // namespace digester::process
