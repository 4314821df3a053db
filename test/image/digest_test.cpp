#include "image/digest.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace digester;
using image::Digest;

namespace {
std::string hex(std::size_t digits) {
  return std::string(digits, 'a');
}
}  // namespace

TEST_CASE("a digest is an algorithm and exactly its number of lower-case hex digits") {
  const auto d = Digest::parse("sha256:" + hex(64));
  REQUIRE(d);
  CHECK(d->str() == "sha256:" + hex(64));
  CHECK(d->hex() == hex(64));
  CHECK(d->algorithm() == Digest::Algorithm::sha256);
  CHECK(Digest::parse("sha384:" + hex(96))->algorithm() == Digest::Algorithm::sha384);
  CHECK(Digest::parse("sha512:" + hex(128))->algorithm() == Digest::Algorithm::sha512);
}

TEST_CASE("what is not a digest is refused") {
  const auto text = GENERATE(
      as<std::string>(), "", ":", "sha256", "sha256:", "sha256:" + hex(63), "sha256:" + hex(65),
      "sha256:" + hex(128), "sha512:" + hex(64), "sha384:" + hex(64), "md5:" + hex(32), "sha1:" + hex(40),
      "SHA256:" + hex(64), "sha256:" + std::string(64, 'A'), "sha256:" + hex(63) + "g",
      "sha256:" + hex(64) + "\n", " sha256:" + hex(64), "sha256:" + hex(63) + std::string(1, '\0'),
      "sha256+b64:" + hex(64), hex(64), "sha256:sha256:" + hex(57));
  INFO(text);
  const auto d = Digest::parse(text);
  REQUIRE_FALSE(d);
  CHECK(d.error().kind == ErrorKind::invalid);
  CHECK_FALSE(d.error().message.empty());
}

TEST_CASE("a digest's error says what is wrong and at which byte") {
  const auto message = [](const std::string& text) { return Digest::parse(text).error().message; };
  CHECK_THAT(message("sha256:" + hex(10) + "X" + hex(53)),
             Catch::Contains("'X' is not a lower-case hex digit (byte 18)"));
  CHECK_THAT(message("sha256:" + hex(10)),
             Catch::Contains("a sha256 digest has 64 hex digits, not 10 (byte 18)"));
  CHECK_THAT(message("md5:" + hex(32)), Catch::Contains("\"md5\""));
  CHECK_THAT(message("sha256:\x1b[2J"), Catch::Contains("\\x1b") && !Catch::Contains("\x1b"));
  CHECK(message(std::string(3'000'000, 'x')).size() < 400);
}

TEST_CASE("hex that we computed becomes a digest only if it is one") {
  CHECK(Digest::from_hex(Digest::Algorithm::sha512, hex(128))->str() == "sha512:" + hex(128));
  CHECK_FALSE(Digest::from_hex(Digest::Algorithm::sha512, hex(64)));
}

TEST_CASE("digests compare by their text") {
  const auto a = Digest::parse("sha256:" + std::string(64, '1'));
  const auto b = Digest::parse("sha256:" + std::string(64, '2'));
  CHECK(*a < *b);
  CHECK(*a == *Digest::parse("sha256:" + std::string(64, '1')));
  CHECK(*a != *b);
}
