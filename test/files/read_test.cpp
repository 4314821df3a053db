#include "files/read.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include "support/temporary_directory.hpp"

using namespace digester;
using Catch::Contains;
using files::read_file;

namespace {

// One printable line that begins with the path.
std::string error_of(const std::string& path, std::size_t at_most = files::kLargestFile) {
  const auto content = read_file(path, at_most);
  REQUIRE(!content);
  CHECK(content.error().message.starts_with(path + ": "));
  CHECK(content.error().message.find('\n') == std::string::npos);
  return content.error().message;
}

}  // namespace

TEST_CASE("a file is read byte for byte", "[files]") {
  const test::TemporaryDirectory directory;
  const std::string content(
      "\xEF\xBB\xBF"
      "a\r\n\0b\xff",
      9);
  CHECK(read_file(directory.write("a", content)).value() == content);
  CHECK(read_file(directory.write("empty", "")).value().empty());
  const std::string large(3'000'001, 'x');
  CHECK(read_file(directory.write("large", large)).value() == large);
}

TEST_CASE("what is not there is named, and a broken link told apart", "[files]") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(error_of(directory / "none"), Contains("No such file") && Contains("is the name right?"));
  std::filesystem::create_symlink("nowhere", directory / "dangling");
  CHECK_THAT(error_of(directory / "dangling"), Contains("link to something that is not there"));
  std::filesystem::create_symlink("round", directory / "round");
  CHECK_THAT(error_of(directory / "round"), Contains("links go round in a circle"));
}

TEST_CASE("directories, devices and pipes are refused without waiting", "[files]") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(error_of(directory.path().string()), Contains("it is a directory"));
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(error_of(directory / "pipe"), Contains("no regular file") && Contains("\"-\""));
  CHECK_THAT(error_of("/dev/zero"), Contains("no regular file"));
}

TEST_CASE("a pipe that a shell hands over is read", "[files]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "text", 4) == 4);
  ::close(ends[1]);
  CHECK(read_file("/dev/fd/" + std::to_string(ends[0])).value() == "text");
  ::close(ends[0]);
}

TEST_CASE("what is larger than the limit is refused, what is just as large is not", "[files]") {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("a", "12345");
  CHECK(read_file(path, 5).value() == "12345");
  CHECK_THAT(error_of(path, 4), Contains("larger than 4 bytes"));
}

TEST_CASE("a file without permission says so", "[files]") {
  if (::geteuid() == 0) return;  // root may read everything
  const test::TemporaryDirectory directory;
  const auto path = directory.write("a", "x");
  ::chmod(path.c_str(), 0);
  CHECK_THAT(error_of(path), Contains("Permission denied; check its permissions"));
}
