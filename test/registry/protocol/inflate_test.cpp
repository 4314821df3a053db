#include "registry/protocol/inflate.hpp"

#include <catch2/catch.hpp>

#include "base/text.hpp"

using namespace digester;
using digester::registry::protocol::decode_body;

namespace {

// printf '{"token":"t"}' | gzip -9n | base64
const std::string kGzip = *text::base64_decode("H4sIAAAAAAACA6tWKsnPTs1TslIqUaoFANLQ0CQNAAAA");

}  // namespace

TEST_CASE("GGCR 1493: a compressed token answer is opened") {
  CHECK(decode_body(kGzip, "gzip", 1000) == R"({"token":"t"})");
  CHECK(decode_body(kGzip, "X-GZip", 1000) == R"({"token":"t"})");
  CHECK(decode_body(kGzip + kGzip, "gzip", 1000) == R"({"token":"t"}{"token":"t"})");
}

TEST_CASE("an answer that is not compressed stays as it is") {
  CHECK(decode_body("abc", "", 3) == "abc");
  CHECK(decode_body("abc", "identity", 3) == "abc");
  CHECK(decode_body("", "gzip", 3) == "");
  CHECK(decode_body("abcd", "", 3).error().kind == ErrorKind::too_large);
}

TEST_CASE("a small answer that opens to a large one is refused at the limit") {
  CHECK(decode_body(kGzip, "gzip", 13));
  CHECK(decode_body(kGzip, "gzip", 12).error().kind == ErrorKind::too_large);
  CHECK(decode_body(kGzip + kGzip, "gzip", 20).error().kind == ErrorKind::too_large);
}

TEST_CASE("damaged and unknown encodings are errors") {
  CHECK(decode_body("not gzip", "gzip", 1000).error().kind == ErrorKind::protocol);
  CHECK(decode_body(kGzip.substr(0, 20), "gzip", 1000).error().kind == ErrorKind::protocol);
  CHECK(decode_body(kGzip, "br", 1000).error().kind == ErrorKind::unsupported);
  CHECK(decode_body(kGzip, "gzip, gzip", 1000).error().kind == ErrorKind::unsupported);
}
