#include "credential/file_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temporary_directory.hpp"

using namespace digester;
using credential::FileSource;

TEST_CASE("a file is read once and again only when it changed") {
  const test::TemporaryDirectory dir;
  FileSource file(dir.write("f", "one"));
  CHECK(file.changed()->value() == "one");
  CHECK_FALSE(file.changed()->has_value());
  dir.write("f", "other");
  CHECK(file.changed()->value() == "other");
  CHECK_FALSE(file.changed()->has_value());
}

TEST_CASE("a file may be missing, appear and vanish") {
  const test::TemporaryDirectory dir;
  FileSource file(dir / "f");
  CHECK(file.changed()->value().empty());
  CHECK_FALSE(file.changed()->has_value());
  dir.write("f", "x");
  CHECK(file.changed()->value() == "x");
  std::filesystem::remove(dir / "f");
  CHECK(file.changed()->value().empty());
  CHECK_FALSE(file.changed()->has_value());
}

TEST_CASE("the swap of a secret volume's symbolic link is a change") {
  const test::TemporaryDirectory dir;
  dir.write("a/f", "same");
  dir.write("b/f", "size");
  std::filesystem::create_directory_symlink("a", dir / "..data");
  std::filesystem::create_symlink("..data/f", dir / "f");
  FileSource file(dir / "f");
  CHECK(file.changed()->value() == "same");
  std::filesystem::create_directory_symlink("b", dir / "new");
  std::filesystem::rename(dir / "new", dir / "..data");
  CHECK(file.changed()->value() == "size");
}

TEST_CASE("a directory in the place of the file is said once") {
  const test::TemporaryDirectory dir;
  FileSource file(dir.path().string());
  const auto first = file.changed();
  REQUIRE_FALSE(first);
  CHECK_THAT(first.error().message, Catch::Contains("it is a directory"));
  CHECK_FALSE(file.changed()->has_value());
}

TEST_CASE("a file in the place of a directory is named") {
  const test::TemporaryDirectory dir;
  FileSource file(dir.write("config.json", "{}") + "/config.json");
  const auto first = file.changed();
  REQUIRE_FALSE(first);
  CHECK_THAT(first.error().message, Catch::Contains("is a file, not a directory"));
}

TEST_CASE("a pipe without a writer is refused and does not wait") {
  const test::TemporaryDirectory dir;
  REQUIRE(::mkfifo((dir / "p").c_str(), 0600) == 0);
  const auto content = FileSource(dir / "p").changed();
  REQUIRE_FALSE(content);
  CHECK_THAT(content.error().message, Catch::Contains("not a regular file"));
}

TEST_CASE("a file at the limit is read, one byte more is not") {
  const test::TemporaryDirectory dir;
  CHECK(FileSource(dir.write("f", std::string(FileSource::kMaxBytes, ' '))).changed()->value().size() ==
        FileSource::kMaxBytes);
  const auto content = FileSource(dir.write("f", std::string(FileSource::kMaxBytes + 1, ' '))).changed();
  REQUIRE_FALSE(content);
  CHECK(content.error().kind == ErrorKind::too_large);
}

TEST_CASE("an unreadable file is named with the system's cause") {
  if (::geteuid() == 0) return;  // root reads everything
  const test::TemporaryDirectory dir;
  const auto path = dir.write("f", "x");
  REQUIRE(::chmod(path.c_str(), 0) == 0);
  const auto content = FileSource(path).changed();
  REQUIRE_FALSE(content);
  CHECK_THAT(content.error().message, Catch::Contains("Permission denied"));
}
