#include "files/replace.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/temporary_directory.hpp"

using namespace digester;
using Catch::Contains;
using files::Change;
using files::replace_all;

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

struct stat status(const std::string& path) {
  struct stat seen {};
  REQUIRE(::lstat(path.c_str(), &seen) == 0);
  return seen;
}

// Two files with the texts "one" and "two", and what is to become of them.
struct World {
  test::TemporaryDirectory directory;
  std::string one = directory.write("one", "one"), two = directory.write("two", "two");
  std::vector<Change> changes{{one, "one", "ONE"}, {two, "two", "TWO"}};

  void check_unchanged() const {
    CHECK(content(one) == "one");
    CHECK(content(two) == "two");
    CHECK(names_in(directory.path()) == Names{"one", "two"});
  }
};

std::string error_of(const std::vector<Change>& changes, const files::ReplaceHooks& hooks = {}) {
  const auto done = replace_all(changes, hooks);
  REQUIRE(!done);
  CHECK(done.error().message.find('\n') == std::string::npos);
  return done.error().message;
}

}  // namespace

TEST_CASE("files get their new texts and nothing is left beside them", "[files]") {
  for (const bool without_exchange : {false, true}) {
    World world;
    REQUIRE(replace_all(world.changes, {{}, {}, without_exchange}));
    CHECK(content(world.one) == "ONE");
    CHECK(content(world.two) == "TWO");
    CHECK(names_in(world.directory.path()) == Names{"one", "two"});
  }
  CHECK(replace_all({}));
}

TEST_CASE("mode, owner and attributes stay", "[files]") {
  World world;
  REQUIRE(::chmod(world.one.c_str(), 0751) == 0);
  const bool has_attributes = ::setxattr(world.one.c_str(), "user.digester", "kept", 4, 0) == 0;
  const bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::chown(world.one.c_str(), 1234, 4321) == 0);
  REQUIRE(replace_all(world.changes));
  const auto seen = status(world.one);
  CHECK((seen.st_mode & 07777) == 0751);
  if (is_root) {
    CHECK(seen.st_uid == 1234);
    CHECK(seen.st_gid == 4321);
  }
  char value[8] = {};
  if (has_attributes) CHECK(::getxattr(world.one.c_str(), "user.digester", value, sizeof value) == 4);
}

TEST_CASE("a symbolic link stays, what it leads to is replaced", "[files]") {
  World world;
  const auto link = world.directory / "sub/link";
  std::filesystem::create_directory(world.directory / "sub");
  std::filesystem::create_symlink("../one", link);
  REQUIRE(replace_all(std::vector<Change>{{link, "one", "ONE"}}));
  CHECK(S_ISLNK(status(link).st_mode));
  CHECK(content(world.one) == "ONE");
  CHECK(names_in(world.directory / "sub") == Names{"link"});
}

TEST_CASE("a file with hard links is refused, and nothing else is changed", "[files]") {
  World world;
  std::filesystem::create_hard_link(world.two, world.directory / "other");
  CHECK_THAT(error_of(world.changes),
             Contains("two: it has 2 hard links") && Contains("cp ") && Contains("nothing was changed"));
  CHECK(content(world.one) == "one");
  CHECK(names_in(world.directory.path()) == Names{"one", "other", "two"});
}

TEST_CASE("a file that is not what was read is refused, and nothing is changed", "[files]") {
  World world;
  SECTION("longer") {
    world.changes[1].before = "tw";
  }
  SECTION("shorter") {
    world.changes[1].before = "twoo";
  }
  SECTION("other") {
    world.changes[1].before = "tow";
  }
  CHECK_THAT(error_of(world.changes), Contains("two: somebody changed it since it was read"));
  world.check_unchanged();
}

TEST_CASE("what changes between looking and writing is seen, and what was done is undone", "[files]") {
  for (const bool without_exchange : {false, true}) {
    World world;
    const auto message = error_of(world.changes, {[&](std::size_t n) {
                                                    if (n != 1) return;
                                                    CHECK(content(world.one) == "ONE");
                                                    world.directory.write("two", "theirs");
                                                  },
                                                  {},
                                                  without_exchange});
    CHECK_THAT(message, Contains("two: somebody changed it meanwhile") && Contains("nothing was changed"));
    CHECK(content(world.one) == "one");
    CHECK(content(world.two) == "theirs");
    CHECK(names_in(world.directory.path()) == Names{"one", "two"});
  }
}

TEST_CASE("a file that another one took the place of is left alone", "[files]") {
  for (const bool without_exchange : {false, true}) {
    World world;
    const auto message =
        error_of(world.changes, {[&](std::size_t n) {
                                   if (n == 1)
                                     std::filesystem::rename(world.directory.write("new", "two"), world.two);
                                 },
                                 {},
                                 without_exchange});
    CHECK_THAT(message, Contains("two: somebody changed it meanwhile"));
    world.check_unchanged();
  }
}

TEST_CASE("a file that goes away is an error, and what was done is undone", "[files]") {
  for (const bool without_exchange : {false, true}) {
    World world;
    error_of(world.changes, {[&](std::size_t n) {
                               if (n == 1) std::filesystem::remove(world.two);
                             },
                             {},
                             without_exchange});
    CHECK(content(world.one) == "one");
    CHECK(names_in(world.directory.path()) == Names{"one"});
  }
}

TEST_CASE("what cannot be put back is told, and the old text is not thrown away", "[files]") {
  World world;
  const auto message = error_of(world.changes, {[&](std::size_t n) {
                                                  if (n != 1) return;
                                                  std::filesystem::remove(world.two);
                                                  std::filesystem::remove(world.one);
                                                  std::filesystem::create_directory(world.one);
                                                },
                                                {},
                                                true});
  CHECK_THAT(message, Contains("not to be put back: ") && Contains("one (its old text is in "));
  const auto names = names_in(world.directory.path());
  REQUIRE(names.size() == 2);
  CHECK(content(world.directory / names.front()) == "one");
}

TEST_CASE("one file under two names is refused", "[files]") {
  World world;
  std::filesystem::create_symlink("one", world.directory / "link");
  CHECK_THAT(error_of({{world.one, "one", "ONE"}, {world.directory / "link", "one", "TWO"}}),
             Contains("link: it is named twice"));
  CHECK(content(world.one) == "one");
  CHECK(names_in(world.directory.path()) == Names{"link", "one", "two"});
}

TEST_CASE("beyond the limit on the size of files nothing changes, and the process lives on", "[files]") {
  World world;
  const auto child = ::fork();
  if (child == 0) {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string large(5000, 'x');
    world.changes[1].after = large;
    const auto done = replace_all(world.changes);
    ::_exit(!done && done.error().message.find("File too large") != std::string::npos ? 0 : 1);
  }
  int result = -1;
  REQUIRE(::waitpid(child, &result, 0) == child);
  CHECK(result == 0);
  world.check_unchanged();
}

TEST_CASE("on a full disk nothing changes", "[files]") {
  const test::TemporaryDirectory directory;
  if (::mount("digester-test", directory.path().c_str(), "tmpfs", 0, "size=128k") != 0) {
    WARN("no file system can be mounted here: not tried");
    return;
  }
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{directory.path().string()};
  const std::string before(40'000, 'a'), after(40'100, 'b');
  const auto one = directory.write("one", before), two = directory.write("two", before);
  CHECK_THAT(error_of({{one, before, after}, {two, before, after}}),
             Contains("No space left on device; make room on the disk; nothing was changed"));
  CHECK(content(one) == before);
  CHECK(content(two) == before);
  CHECK(names_in(directory.path()) == Names{"one", "two"});
  CHECK(replace_all(std::vector<Change>{{one, before, after}}));  // room enough for one
}

TEST_CASE("a signal waits until all is done, and one that came before undoes everything", "[files]") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (const bool late : {false, true}) {
      World world;
      const auto child = ::fork();
      if (child == 0) {
        // The test's runner has handlers of its own.
        ::signal(signal, SIG_DFL);
        // The signal may come to any thread.
        std::thread([] {
          for (;;)
            ::pause();
        }).detach();
        const auto send = [signal](std::size_t n) {
          if (n == 1) ::kill(::getpid(), signal);
        };
        files::ReplaceHooks hooks;
        (late ? hooks.before_swap : hooks.before_stage) = send;
        const auto done = replace_all(world.changes, hooks);
        ::_exit(done ? 3 : 4);
      }
      int result = -1;
      REQUIRE(::waitpid(child, &result, 0) == child);
      REQUIRE(WIFSIGNALED(result));
      CHECK(WTERMSIG(result) == signal);
      if (!late) {
        world.check_unchanged();
      } else {
        CHECK(content(world.one) == "ONE");
        CHECK(content(world.two) == "TWO");
        CHECK(names_in(world.directory.path()) == Names{"one", "two"});
      }
    }
  }
}

TEST_CASE("what may not be written is refused before anything is done", "[files]") {
  World world;
  if (::geteuid() == 0) return;  // root may write everything
  ::chmod(world.two.c_str(), 0444);
  CHECK_THAT(error_of(world.changes), Contains("two: cannot be written: Permission denied"));
  world.check_unchanged();
}

TEST_CASE("a report is written as a whole, new or not, and keeps its mode", "[files]") {
  const test::TemporaryDirectory directory;
  const auto path = directory / "report.json";
  REQUIRE(files::write_file(path, "a"));
  CHECK(content(path) == "a");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  REQUIRE(files::write_file(path, "b"));
  CHECK(content(path) == "b");
  CHECK((status(path).st_mode & 07777) == 0640);
  CHECK(names_in(directory.path()) == Names{"report.json"});
  CHECK_THAT(files::write_file(directory / "none/report", "x").error().message, Contains("No such file"));
  CHECK_THAT(files::write_file(directory.path().string(), "x").error().message, Contains("is a directory"));
  CHECK(files::write_file("/dev/null", "x"));
}

TEST_CASE("whether a file may be written is told before", "[files]") {
  const test::TemporaryDirectory directory;
  const auto file = directory.write("a", "x");
  CHECK(files::may_be_written(file));
  CHECK(files::may_be_written(directory / "new"));
  CHECK(files::may_be_written("new"));
  CHECK(files::may_be_written("/dev/null"));
  const auto refused = [](const std::string& path) { return files::may_be_written(path).error().message; };
  CHECK_THAT(refused(directory / "none/report"), Contains("none/report: cannot be written: No such file"));
  CHECK_THAT(refused(file + "/report"), Contains("Not a directory"));
  CHECK_THAT(refused(directory.path().string()), Contains("is a directory"));
  CHECK(names_in(directory.path()) == std::vector<std::string>{"a"});
}
