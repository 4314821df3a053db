#include "process/run.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

namespace digester::process {
namespace {

Ended shell(const std::string& script, Command command = {}) {
  command.arguments = {"sh", "-c", script};
  return run(command).value();
}

TEST_CASE("output, errors and exit code are told apart") {
  const auto ended = shell("echo out; echo err >&2; exit 7");
  CHECK(ended.exit_code == 7);
  CHECK(ended.output == "out\n");
  CHECK(ended.errors == "err\n");
  CHECK(shell("kill -9 $$").exit_code == 128 + 9);
}

TEST_CASE("arguments arrive as they are") {
  const auto ended = run({.arguments = {"printf", "%s|", "a b", "", "$(id)", "'"}}).value();
  CHECK(ended.output == "a b||$(id)|'|");
}

TEST_CASE("a large input and output do not block each other") {
  const std::string input(3 << 20, 'x');
  CHECK(run({.arguments = {"cat"}, .input = input}).value().output == input);
  CHECK(run({.arguments = {"cat"}}).value().output.empty());
  CHECK(run({.arguments = {"true"}, .input = input}).value().exit_code == 0);
}

TEST_CASE("the environment is ours with additions, and the directory what was asked for") {
  ::setenv("PROCESS_TEST_KEPT", "kept", 1);
  ::setenv("PROCESS_TEST_CHANGED", "old", 1);
  Command command;
  command.environment = {"PROCESS_TEST_CHANGED=new", "PROCESS_TEST_ADDED=added"};
  command.directory = "/proc";
  const auto ended =
      shell("echo $PROCESS_TEST_KEPT $PROCESS_TEST_CHANGED $PROCESS_TEST_ADDED $(pwd)", command);
  CHECK(ended.output == "kept new added /proc\n");
}

TEST_CASE("what cannot be started is named") {
  const auto missing = run({.arguments = {"no-such-program-here"}});
  REQUIRE(!missing);
  CHECK(missing.error().kind == ErrorKind::not_found);
  CHECK(missing.error().message.find("no-such-program-here cannot be started") == 0);
  const auto directory = run({.arguments = {"true"}, .directory = "/no/such/place"});
  REQUIRE(!directory);
  CHECK(directory.error().message == "true cannot be started: /no/such/place is no directory");
}

TEST_CASE("one that does not end, or prints without end, is killed") {
  const auto started = std::chrono::steady_clock::now();
  const auto endless = run({.arguments = {"sleep", "60"}, .limit = std::chrono::milliseconds(100)});
  REQUIRE(!endless);
  CHECK(endless.error().kind == ErrorKind::timed_out);
  const auto flood = run({.arguments = {"yes"}, .max_output = 1000});
  REQUIRE(!flood);
  CHECK(flood.error().kind == ErrorKind::too_large);
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(5));
}

TEST_CASE("what we ignore it does not") {
  const auto ignored = std::stoull(shell("sed -n 's/^SigIgn:.//p' /proc/self/status").output, nullptr, 16);
  for (const int signal : {SIGPIPE, SIGXFSZ})
    CHECK((ignored >> (signal - 1) & 1) == 0);
}

TEST_CASE("who is asked to end ends it first") {
  for (const std::string script : {"exec sleep 60", "trap '' TERM; while :; do sleep 0.1; done"}) {
    int told[2];
    REQUIRE(::pipe(told) == 0);
    const auto asked = ::fork();
    if (asked == 0) {
      ::signal(SIGTERM, SIG_DFL);
      // It tells its number on what is its standard error, too.
      ::dup2(told[1], 2);
      (void)run({.arguments = {"sh", "-c", "echo $$ >&2; " + script}, .errors = Stream::to_errors});
      ::_exit(0);
    }
    ::close(told[1]);
    char number[16] = {};
    REQUIRE(::read(told[0], number, sizeof number - 1) > 1);
    ::kill(asked, SIGTERM);
    int status = 0;
    REQUIRE(::waitpid(asked, &status, 0) == asked);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGTERM);
    CHECK(::kill(std::atoi(number), 0) != 0);
    ::close(told[0]);
  }
}

TEST_CASE("what it leaves behind is not waited for") {
  const auto started = std::chrono::steady_clock::now();
  CHECK(shell("echo done; sleep 4 & exit 0").output == "done\n");
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(3));
}

TEST_CASE("the last words are one printable line") {
  CHECK(last_words(shell("printf 'first\\nError: it \\033[1m is\\n\\n' >&2")) == "Error: it \\x1b[1m is");
  CHECK(last_words({}).empty());
}

TEST_CASE("the last words have the cause, wherever it stands in an error of several lines") {
  Ended ended;
  ended.errors = "warning: old\nError: trouble with config: `\nname: x\n\n`: must specify --enable-helm\n";
  CHECK(last_words(ended) == "Error: trouble with config: ` name: x `: must specify --enable-helm");
  ended.errors = "error: cannot fetch\nfatal: no such host\n: exit status 128\n";
  CHECK(last_words(ended) == "error: cannot fetch fatal: no such host: exit status 128");
  ended.errors = "no word of an error\nbut two lines\n";
  CHECK(last_words(ended) == "no word of an error but two lines");
  const auto long_words = last_words(shell("yes äbc | head -c 1000000 >&2; echo end >&2"));
  CHECK(long_words.starts_with("…"));
  CHECK(long_words.find("\\x") == std::string::npos);
  CHECK(long_words.ends_with("äbc end"));
  CHECK(long_words.size() <= 610);
}

TEST_CASE("programs are found as a shell finds them") {
  CHECK(find_program("sh").ends_with("/sh"));
  CHECK(find_program("no-such-program-here").empty());
}

}  // namespace
}  // namespace digester::process
