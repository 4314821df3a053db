#include "kube/config/exec_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "net/condition.hpp"
#include "net/with_timeout.hpp"
#include "process/spawn.hpp"

namespace digester::kube {
namespace {

using Stream = net::asio::posix::basic_stream_descriptor<net::Executor>;

constexpr std::size_t kMaxErrors = 4 * 1024;

// A program that has ended may have left somebody behind who holds its output open.
constexpr Duration kPipeGrace = std::chrono::seconds(1);
// A killed program is gone at once, but for one in the midst of a system call that cannot be broken off, or
// one that we have no right to kill.
constexpr Duration kKillGrace = std::chrono::seconds(1);
constexpr std::size_t kMostUndead = 8;

// Killed, and not ended when that was last looked at. Waiting for them would stop the event loop, or the
// whole program's end.
class Undead {
 public:
  void add(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.push_back(pid);
  }
  // How many there still are, after those that have ended were reaped.
  std::size_t sweep() {
    const std::lock_guard lock(mutex_);
    std::erase_if(pids_, [](pid_t pid) {
      const auto got = ::waitpid(pid, nullptr, WNOHANG);
      return got > 0 || (got < 0 && errno != EINTR);
    });
    return pids_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;
};

Undead& undead() {
  static Undead all;
  return all;
}

class Child {
 public:
  Child() = default;
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void set(pid_t pid) { pid_ = pid; }

  // Kills it, wherever it has gone, and its group, unless it has ended.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }

  // Kills it, and leaves it to a later sweep if it is not gone at once. Never waits.
  void end() {
    kill();
    if (pid_ > 0 && !poll()) undead().add(pid_);
    pid_ = 0;
  }

  // Its exit code, once it has ended.
  std::optional<int> poll() {
    if (pid_ <= 0) return 255;
    int status = 0;
    const auto got = ::waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return std::nullopt;
    pid_ = 0;
    if (got < 0) return 255;  // somebody else reaped it
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = 0;
};

struct Pipe {
  explicit Pipe(net::Executor executor) : reader(executor) {}
  ~Pipe() { close_writer(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    writer = ends[1];
    reader.assign(ends[0]);
    return true;
  }
  void close_writer() {
    if (writer >= 0) ::close(writer);
    writer = -1;
  }

  Stream reader;
  int writer = -1;
};

struct Run {
  explicit Run(net::Executor its_executor)
      : executor(its_executor), out(its_executor), err(its_executor), changed(its_executor) {}
  net::Executor executor;
  Pipe out;
  Pipe err;
  Child child;
  ProcessResult result;
  bool output_ended = false;  // or is over the limit
  net::Condition changed;
};

Result<void> start(Run& run, const ProcessOptions& options) {
  if (undead().sweep() >= kMostUndead)
    return fail(ErrorKind::internal,
                fmt::format("{} is not started: {} earlier programs were killed and have not ended",
                            text::printable(options.command.front(), 200), kMostUndead));
  if (!run.out.open() || !run.err.open())
    return fail(ErrorKind::internal,
                fmt::format("no pipe: {}", std::error_code(errno, std::generic_category()).message()));
  const auto pid = process::spawn({.arguments = options.command,
                                   .environment = options.environment,
                                   .output = run.out.writer,
                                   .errors = run.err.writer,
                                   .own_group = true});
  run.out.close_writer();
  run.err.close_writer();
  if (!pid) return fail(pid.error());
  run.child.set(*pid);
  return {};
}

// Up to the end, or one byte more than `limit`.
net::Task<void> collect(std::shared_ptr<Run> run, bool is_output, std::size_t limit) {
  auto& stream = is_output ? run->out.reader : run->err.reader;
  auto& into = is_output ? run->result.output : run->result.errors;
  char chunk[16 * 1024];
  while (into.size() <= limit) {
    const auto buffer = net::asio::buffer(chunk);
    const auto [error, count] = co_await stream.async_read_some(buffer, net::use_task);
    into.append(chunk, count);
    if (error) break;
  }
}

// Standard error beside it: what is over the limit is read and dropped, so that the program does not block.
net::Task<void> drain_errors(std::shared_ptr<Run> run) {
  co_await collect(run, false, kMaxErrors);
  char chunk[16 * 1024];
  for (;;) {
    const auto buffer = net::asio::buffer(chunk);
    const auto [error, count] = co_await run->err.reader.async_read_some(buffer, net::use_task);
    if (error) break;
  }
}

net::Task<void> collect_output(std::shared_ptr<Run> run, std::size_t limit) {
  co_await collect(run, true, limit);
  run->output_ended = true;
  run->changed.notify_all();
}

// Until it has ended and its output has too, but for that no longer than the grace. Nothing tells of its end
// without a handler for SIGCHLD: it is looked for, soon after its output ended above all.
net::Task<bool> wait_for_end(std::shared_ptr<Run> run, std::size_t max_output) {
  constexpr auto kShortest = std::chrono::milliseconds(1);
  const SystemClock clock;
  auto wait = kShortest;
  bool hurried = false;
  std::optional<SteadyTime> grace;  // set: it has ended
  for (;;) {
    if (run->result.output.size() > max_output) co_return false;
    if (!grace) {
      if (const auto code = run->child.poll()) {
        run->result.exit_code = *code;
        grace = clock.now() + kPipeGrace;
      }
    }
    if (grace && (run->output_ended || clock.now() >= *grace)) co_return true;
    if (run->output_ended && !std::exchange(hurried, true)) wait = kShortest;
    const auto until = grace ? *grace : clock.now() + wait;
    wait = std::min(wait * 2, std::chrono::milliseconds(50));
    co_await run->changed.wait(until);
  }
}

// It is killed, and mostly gone when this returns.
net::Task<void> put_an_end(std::shared_ptr<Run> run) {
  run->child.kill();
  net::Timer timer(run->executor);
  const auto until = SystemClock().now() + kKillGrace;
  for (auto wait = std::chrono::milliseconds(1); SystemClock().now() < until; wait *= 2) {
    if (run->child.poll()) co_return;
    timer.expires_after(wait);
    co_await timer.async_wait(net::use_task);
  }
}

// However run_process() ends, cancelled or thrown away with its io_context too.
struct EndOfRun {
  explicit EndOfRun(std::shared_ptr<Run> its_run) : run(std::move(its_run)) {}
  ~EndOfRun() {
    run->child.end();
    boost::system::error_code ignored;
    run->out.reader.close(ignored);
    run->err.reader.close(ignored);
  }
  EndOfRun(const EndOfRun&) = delete;
  EndOfRun& operator=(const EndOfRun&) = delete;
  std::shared_ptr<Run> run;
};

}  // namespace

net::Task<Result<ProcessResult>> run_process(ProcessOptions options) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto run = std::make_shared<Run>(executor);
  const auto name = text::printable(options.command.front(), 200);
  if (auto started = start(*run, options); !started) co_return fail(std::move(started.error()));
  const EndOfRun at_the_end{run};
  // Both end with the program, or when the pipe is closed.
  auto draining = drain_errors(run);
  net::asio::co_spawn(executor, std::move(draining), [run](std::exception_ptr) {});
  auto collecting = collect_output(run, options.max_output);
  net::asio::co_spawn(executor, std::move(collecting), [run](std::exception_ptr) {});

  const auto deadline = SystemClock().now() + options.limit;
  auto waiting = wait_for_end(run, options.max_output);
  const auto ended = co_await net::with_timeout(deadline, std::move(waiting));
  if (!ended || !*ended) co_await put_an_end(run);
  if (!ended)
    co_return fail(ErrorKind::timed_out,
                   fmt::format("{} did not end within {}", name, format_duration(options.limit)));
  if (!*ended)
    co_return fail(ErrorKind::too_large,
                   fmt::format("{} printed more than {} bytes", name, options.max_output));
  run->result.errors.resize(std::min(run->result.errors.size(), kMaxErrors));
  co_return std::move(run->result);
}

}  // namespace digester::kube
