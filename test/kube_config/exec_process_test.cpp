#include "kube/config/exec_process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "support/run_task.hpp"
#include "support/temporary_directory.hpp"

using namespace digester;
using namespace std::chrono_literals;
using kube::ProcessOptions;

namespace {

ProcessOptions shell(const std::string& script) {
  return {.command = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin", "A=b"}};
}

auto run(ProcessOptions options) {
  net::asio::io_context io;
  return test::run_task(io, [&] { return kube::run_process(std::move(options)); });
}

bool is_alive(const std::string& pid_file) {
  std::ifstream file(pid_file);
  pid_t pid = 0;
  file >> pid;
  REQUIRE(pid > 0);
  for (int i = 0; i < 100; ++i) {
    if (::kill(pid, 0) != 0) return false;
    // A grandchild that nobody reaps in this container is a zombie: dead enough.
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(stat, text);
    if (text.find(") Z") != std::string::npos) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

}  // namespace

TEST_CASE("output, standard error and exit code are collected; arguments and environment go in as they are") {
  const auto result = run(shell("printf 'out %s' \"$A\"; printf 'err' >&2; exit 3"));
  REQUIRE(result);
  CHECK(result->output == "out b");
  CHECK(result->errors == "err");
  CHECK(result->exit_code == 3);
  const auto echoed = run({.command = {"printf", "%s|", "a b", "$A;ls", ""}, .environment = {}});
  REQUIRE(echoed);
  CHECK(echoed->output == "a b|$A;ls||");
  CHECK(run(shell("kill -9 $$"))->exit_code == 137);
}

TEST_CASE("standard input is empty, and no descriptor of ours is inherited") {
  const int leak = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as sockets are
  const auto result = run(shell("cat; ls /proc/self/fd | wc -l"));
  ::close(leak);
  REQUIRE(result);
  CHECK(result->output == "4\n");  // 0, 1, 2 and that of ls
}

TEST_CASE("a program that is not there") {
  const auto result = run({.command = {"no-such-program-here"}, .environment = {}});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::not_found);
  CHECK(result.error().message == "no-such-program-here cannot be started: No such file or directory");
}

TEST_CASE("the limit ends the program and what it started") {
  const test::TemporaryDirectory dir;
  auto options = shell("sleep 100 & echo $! >" + (dir / "grandchild") + "; wait");
  options.limit = 300ms;
  const auto result = run(std::move(options));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timed_out);
  CHECK(result.error().message == "sh did not end within 300ms");
  CHECK_FALSE(is_alive(dir / "grandchild"));
  // Closing its output is no way to live on.
  auto closed = shell("exec >&-; exec 2>&-; sleep 100");
  closed.limit = 300ms;
  CHECK(run(std::move(closed)).error().kind == ErrorKind::timed_out);
}

TEST_CASE("too much output ends it, standard error is read and dropped") {
  auto options = shell("yes");
  options.max_output = 10'000;
  CHECK(run(std::move(options)).error().kind == ErrorKind::too_large);
  auto exact = shell("head -c 10000 /dev/zero");
  exact.max_output = 10'000;
  CHECK(run(std::move(exact))->output.size() == 10'000);
  auto over = shell("head -c 10001 /dev/zero");
  over.max_output = 10'000;
  CHECK(run(std::move(over)).error().kind == ErrorKind::too_large);
  const auto loud = run(shell("head -c 1000000 /dev/zero >&2; echo done"));
  REQUIRE(loud);
  CHECK(loud->output == "done\n");
  CHECK(loud->errors.size() == 4096);
}

TEST_CASE("a program that went over to another process group is ended by the limit all the same") {
  const test::TemporaryDirectory dir;
  auto options =
      shell("echo $$ >" + (dir / "stray") + "; exec perl -e 'setpgrp(0, getpgrp(getppid)); sleep 20'");
  options.limit = 500ms;
  const auto started = std::chrono::steady_clock::now();
  CHECK(run(std::move(options)).error().kind == ErrorKind::timed_out);
  CHECK(std::chrono::steady_clock::now() - started < 10s);
  CHECK_FALSE(is_alive(dir / "stray"));
  auto stopped = shell("kill -STOP $$");
  stopped.limit = 200ms;
  CHECK(run(std::move(stopped)).error().kind == ErrorKind::timed_out);
}

TEST_CASE("what a program printed is taken though somebody it left behind holds its output open") {
  const test::TemporaryDirectory dir;
  const auto started = std::chrono::steady_clock::now();
  const auto result =
      run(shell("sleep 20 & echo $! >" + (dir / "left") + "; echo printed; echo said >&2; exit 4"));
  REQUIRE(result);
  CHECK(result->output == "printed\n");
  CHECK(result->errors == "said\n");
  CHECK(result->exit_code == 4);
  CHECK(std::chrono::steady_clock::now() - started < 10s);
  std::ifstream file(dir / "left");
  pid_t left = 0;
  file >> left;
  REQUIRE(left > 0);
  ::kill(left, SIGKILL);
}

TEST_CASE("cancelled, or thrown away with its io_context, the program ends") {
  const test::TemporaryDirectory dir;
  const auto script = [&](const char* name) {
    return shell("echo $$ >" + (dir / name) + "; exec sleep 100");
  };
  {
    net::asio::io_context io;
    net::asio::cancellation_signal signal;
    bool threw = false;
    net::asio::co_spawn(io, kube::run_process(script("cancelled")),
                        net::asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, auto) {
                          threw = error != nullptr;
                        }));
    net::Timer timer(io.get_executor(), 300ms);
    timer.async_wait([&](auto) { signal.emit(net::asio::cancellation_type::terminal); });
    io.run();
    CHECK_FALSE(is_alive(dir / "cancelled"));
  }
  {
    net::asio::io_context io;
    net::asio::co_spawn(io, kube::run_process(script("thrown")), [](std::exception_ptr, auto) {});
    io.run_for(300ms);
  }
  CHECK_FALSE(is_alive(dir / "thrown"));
}

TEST_CASE("nothing is left behind: no descriptor, no zombie") {
  const auto open_files = [] {
    std::size_t count = 0;
    auto* listing = ::opendir("/proc/self/fd");
    while (::readdir(listing) != nullptr)
      ++count;
    ::closedir(listing);
    return count;
  };
  const auto before = open_files();
  for (int i = 0; i < 20; ++i)
    CHECK(run(shell("echo x"))->output == "x\n");
  CHECK(open_files() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
