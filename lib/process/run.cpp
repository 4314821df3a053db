#include "process/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "posix/descriptor.hpp"
#include "posix/held_signals.hpp"
#include "process/spawn.hpp"

extern char** environ;

namespace digester::process {
namespace {

constexpr std::size_t kMaxErrors = 64 << 10;
constexpr auto kPipeGrace = std::chrono::milliseconds(500);  // for what it left behind
constexpr auto kStopGrace = std::chrono::seconds(2);

std::string why(int error) {
  return std::error_code(error, std::generic_category()).message();
}

struct Pipe {
  posix::Descriptor reader, writer;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    reader = posix::Descriptor(ends[0]);
    writer = posix::Descriptor(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

// A file that has no name: the program may be as slow as it likes to read it.
bool put_into_memory(const std::string& text, posix::Descriptor& file) {
  file = posix::Descriptor(::memfd_create("standard-input", MFD_CLOEXEC));
  if (file.get() < 0) return false;
  for (std::size_t done = 0; done < text.size();) {
    const auto count = ::write(file.get(), text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return ::lseek(file.get(), 0, SEEK_SET) == 0;
}

std::vector<std::string> surroundings(const std::vector<std::string>& more) {
  const auto name = [](std::string_view variable) { return variable.substr(0, variable.find('=')); };
  std::vector<std::string> all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    if (std::none_of(more.begin(), more.end(), [&](const auto& m) { return name(m) == name(*variable); }))
      all.emplace_back(*variable);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

class Run {
 public:
  explicit Run(const Command& command)
      : command_(command), name_(text::printable(command.arguments.front(), 200)) {}
  ~Run() { kill(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<Ended> operator()() {
    const posix::HeldSignals signals;
    if (auto started = start(); !started) return fail(std::move(started.error()));
    const SystemClock clock;
    const auto deadline = clock.now() + command_.limit;
    std::optional<SteadyTime> grace;
    auto wait = std::chrono::milliseconds(1);
    while (true) {
      const auto now = clock.now();
      if (!grace && poll_end()) grace = now + kPipeGrace;
      if (signals.is_waiting()) {
        stop();
        return fail(ErrorKind::cancelled, fmt::format("{} was ended by a signal", name_));
      }
      const bool open = out_.reader.get() >= 0 || err_.reader.get() >= 0;
      if (grace && (!open || now >= *grace)) return std::move(ended_);
      if (now >= deadline)
        return fail(ErrorKind::timed_out,
                    fmt::format("{} did not end within {}", name_, format_duration(command_.limit)));
      if (!read_some(open ? std::chrono::milliseconds(20) : wait))
        return fail(ErrorKind::too_large,
                    fmt::format("{} printed more than {} bytes", name_, command_.max_output));
      wait = std::min(wait * 2, std::chrono::milliseconds(20));
    }
  }

 private:
  Result<void> start() {
    struct stat status {};
    if (!command_.directory.empty() &&
        (::stat(command_.directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)))
      return fail(ErrorKind::not_found, fmt::format("{} cannot be started: {} is no directory", name_,
                                                    text::printable(command_.directory, 200)));
    posix::Descriptor input;
    if ((command_.output == Stream::collect && !out_.open()) ||
        (command_.errors == Stream::collect && !err_.open()) || !put_into_memory(command_.input, input))
      return fail(ErrorKind::internal, fmt::format("{} cannot be started: {}", name_, why(errno)));
    const auto target = [](Stream stream, const Pipe& pipe) {
      return stream == Stream::collect ? pipe.writer.get() : stream == Stream::to_errors ? 2 : 1;
    };
    const auto pid = spawn({command_.arguments, surroundings(command_.environment), command_.directory,
                            input.get(), target(command_.output, out_), target(command_.errors, err_)});
    out_.writer.reset();
    err_.writer.reset();
    if (!pid) return fail(pid.error());
    pid_ = *pid;
    return {};
  }

  // In its own way, if that does not take long.
  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    const SystemClock clock;
    const auto end = clock.now() + kStopGrace;
    while (!poll_end() && clock.now() < end)
      ::poll(nullptr, 0, 10);
    kill();
  }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  bool poll_end() {
    int status = 0;
    const auto got = ::waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    pid_ = 0;
    ended_.exit_code = got < 0 ? 255 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  }

  // False: more than is allowed.
  bool read_some(std::chrono::milliseconds wait) {
    pollfd ready[2] = {{out_.reader.get(), POLLIN, 0}, {err_.reader.get(), POLLIN, 0}};
    if (::poll(ready, 2, static_cast<int>(wait.count())) <= 0) return true;
    if (ready[0].revents != 0) take(out_.reader, ended_.output);
    if (ready[1].revents != 0) take(err_.reader, ended_.errors);
    if (ended_.errors.size() > kMaxErrors) ended_.errors.erase(0, ended_.errors.size() - kMaxErrors);
    return ended_.output.size() <= command_.max_output;
  }

  static void take(posix::Descriptor& from, std::string& into) {
    char chunk[64 << 10];
    const auto count = ::read(from.get(), chunk, sizeof chunk);
    if (count > 0)
      into.append(chunk, static_cast<std::size_t>(count));
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
      from.reset();
  }

  const Command& command_;
  const std::string name_;
  Pipe out_, err_;
  pid_t pid_ = 0;
  Ended ended_;
};

}  // namespace

Result<Ended> run(const Command& command) {
  return Run(command)();
}

std::string find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  for (const auto folder : text::split(path != nullptr ? path : "/usr/bin:/bin", ':')) {
    auto candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    struct stat status {};
    if (::access(candidate.c_str(), X_OK) == 0 && ::stat(candidate.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode))
      return candidate;
  }
  return {};
}

std::string last_words(const Ended& ended) {
  constexpr std::size_t kMost = 600;
  std::string words;
  const auto lines = text::split(ended.errors, '\n');
  for (auto at = lines.rbegin(); at != lines.rend() && words.size() <= kMost; ++at) {
    const auto line = text::trim(*at);
    if (line.empty()) continue;
    const bool continues = words.empty() || words.starts_with(':');
    words.insert(0, continues ? std::string(line) : fmt::format("{} ", line));
    if (text::to_lower(line.substr(0, 6)) == "error:") break;
  }
  if (words.size() <= kMost) return text::printable(words, 2 * kMost);
  auto from = words.size() - kMost;  // the cause is at the end
  while (from < words.size() && (static_cast<unsigned char>(words[from]) & 0xc0) == 0x80)
    ++from;
  return "…" + text::printable(std::string_view(words).substr(from), 2 * kMost);
}

}  // namespace digester::process
