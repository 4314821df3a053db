#include "net/file_watch.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

#include "support/temporary_directory.hpp"

using namespace digester;
using namespace digester::net;
using namespace digester::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A watch whose io_context the test turns by hand.
struct Watched {
  explicit Watched(std::vector<std::string> files, FileWatch::Options options = {20ms, 1h})
      : watch(std::make_unique<FileWatch>(
            io, std::move(files), [this] { ++changes; }, options)) {}

  int changes_within(std::chrono::milliseconds time) {
    changes = 0;
    io.run_for(time);
    return changes;
  }
  // At most two seconds.
  bool changes_soon() {
    changes = 0;
    const auto end = std::chrono::steady_clock::now() + 2s;
    while (changes == 0 && std::chrono::steady_clock::now() < end)
      io.run_one_for(10ms);
    return changes == 1;
  }

  asio::io_context io{1};
  int changes = 0;
  std::unique_ptr<FileWatch> watch;
};

}  // namespace

TEST_CASE("A file is seen to change in place, by rename, by vanishing and by coming back") {
  const TemporaryDirectory folder;
  const auto file = folder.write("a", "1");
  Watched watched({file});
  CHECK(watched.changes_within(60ms) == 0);
  folder.write("a", "22");
  CHECK(watched.changes_soon());
  folder.write("b", "333");
  fs::rename(folder / "b", folder / "a");
  CHECK(watched.changes_soon());
  fs::remove(folder / "a");
  CHECK(watched.changes_soon());
  folder.write("a", "22");
  CHECK(watched.changes_soon());
  CHECK(watched.changes_within(60ms) == 0);
}

TEST_CASE("What happens to other files of the folder, and reading, is no change") {
  const TemporaryDirectory folder;
  const auto file = folder.write("a", "1");
  Watched watched({file});
  folder.write("b", "1");
  fs::remove(folder / "b");
  std::ifstream(file).get();
  CHECK(watched.changes_within(100ms) == 0);
}

TEST_CASE("The steps of one swap are one change") {
  const TemporaryDirectory volume;
  volume.write("..v1/a", "1");
  volume.write("..v1/b", "1");
  fs::create_directory_symlink("..v1", volume / "..data");
  fs::create_symlink("..data/a", volume / "a");
  fs::create_symlink("..data/b", volume / "b");
  Watched watched({volume / "a", volume / "b"});
  volume.write("..v2/a", "2");
  volume.write("..v2/b", "2");
  fs::create_directory_symlink("..v2", volume / "..data_tmp");
  fs::rename(volume / "..data_tmp", volume / "..data");
  fs::remove_all(volume / "..v1");
  CHECK(watched.changes_within(150ms) == 1);
}

TEST_CASE("Steps with pauses shorter than the settling time are one change") {
  const TemporaryDirectory folder;
  const auto a = folder.write("a", "1");
  const auto b = folder.write("b", "1");
  Watched watched({a, b}, {80ms, 1h});
  folder.write("a", "22");
  CHECK(watched.changes_within(40ms) == 0);
  folder.write("b", "22");
  CHECK(watched.changes_within(40ms) == 0);
  CHECK(watched.changes_within(200ms) == 1);
}

TEST_CASE("A folder that is never at rest is looked at all the same") {
  const TemporaryDirectory folder;
  const auto file = folder.write("a", "1");
  Watched watched({file});
  folder.write("a", "22");
  int changes = 0;
  for (int i = 0; i < 100 && changes == 0; ++i) {
    folder.write("noise", "x");
    changes = watched.changes_within(10ms);
  }
  CHECK(changes == 1);
}

TEST_CASE("A change that makes no event here is found by looking") {
  const TemporaryDirectory folder;
  const TemporaryDirectory elsewhere;
  elsewhere.write("a", "1");
  fs::create_symlink(elsewhere / "a", folder / "a");
  Watched watched({folder / "a"}, {20ms, 50ms});
  CHECK(watched.changes_within(150ms) == 0);
  elsewhere.write("a", "22");
  CHECK(watched.changes_soon());
}

TEST_CASE("A folder may come late, and may be replaced") {
  const TemporaryDirectory parent;
  Watched watched({parent / "d/a"}, {20ms, 60ms});
  CHECK(watched.changes_within(30ms) == 0);
  parent.write("d/a", "1");
  CHECK(watched.changes_soon());
  fs::remove_all(parent / "d");
  CHECK(watched.changes_soon());
  parent.write("d/a", "1");
  CHECK(watched.changes_soon());
  // It is watched again: this change is seen without waiting for the next look.
  parent.write("d/a", "22");
  CHECK(watched.changes_soon());
}

TEST_CASE("No call comes after the watch has gone") {
  const TemporaryDirectory folder;
  const auto file = folder.write("a", "1");
  Watched watched({file});
  folder.write("a", "22");
  watched.io.run_for(5ms);
  watched.watch.reset();
  CHECK(watched.changes_within(100ms) == 0);
  CHECK(watched.io.stopped());
}
