#include "net/server/wire/chunked.hpp"

#include <catch2/catch.hpp>

using namespace digester::net::server;
using Status = ChunkedDecoder::Status;

namespace {

struct Decoded {
  Status status;
  std::string body;
  std::string rest;
};

Decoded decode(std::string_view text, std::size_t piece, std::size_t max_body = 1000) {
  ChunkedDecoder decoder(max_body);
  Decoded result{Status::more, {}, {}};
  while (!text.empty() && result.status == Status::more) {
    auto input = text.substr(0, piece);
    const auto before = input.size();
    result.status = decoder.feed(input, &result.body);
    text.remove_prefix(before - input.size());
  }
  result.rest = text;
  return result;
}

}  // namespace

TEST_CASE("A chunked body is put together, whatever pieces it comes in") {
  const std::string text =
      "5\r\nhello\r\n"
      "00a;name=\"v\"\r\n, chunked \r\n"
      "5  ;x\r\n"
      "world\r\n0\r\nTrailer: dropped\r\n\r\nGET /next";
  const std::string plain =
      "5\r\nhello\r\n00a;name=\"v\"\r\n, chunked \r\n6\r\nworld!\r\n0\r\nTrailer: dropped\r\n\r\nGET /next";
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
    CAPTURE(piece);
    const auto decoded = decode(plain, piece);
    CHECK(decoded.status == Status::done);
    CHECK(decoded.body == "hello, chunked world!");
    CHECK(decoded.rest == "GET /next");
    // Blanks behind the size are one of the things two readers see differently.
    CHECK(decode(text, piece).status == Status::malformed);
  }
}

TEST_CASE("Chunks that could be read in two ways are malformed") {
  const auto bad =
      GENERATE(as<std::string>{}, "\r\n", "x\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", "1\na\r\n",
               "1\r\nab\r\n", "1\r\na\n", "1\r\na\r\r\n", "1;a\nb\r\na\r\n", "11111111111111111\r\n",
               "0\r\nA: b\n\r\n", "0\r\n\n", " 1\r\na\r\n", "1;\x01\r\na\r\n");
  CAPTURE(bad);
  CHECK(decode(bad, 1000).status == Status::malformed);
}

TEST_CASE("The sum of the chunks is limited before the data arrives") {
  CHECK(decode("5\r\nhello\r\n6\r\n", 1, 10).status == Status::too_large);
  CHECK(decode("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", 1, 10).status == Status::done);
  CHECK(decode("ffffffffffffffff\r\n", 1, 10).status == Status::too_large);
  CHECK(decode("5\r\nhello\r\nffffffffffffffff\r\n", 1, 10).status == Status::too_large);
}

TEST_CASE("What is dropped is limited too") {
  CHECK(decode("1;" + std::string(9000, 'e') + "\r\na\r\n0\r\n\r\n", 1000).status == Status::malformed);
  CHECK(decode("0\r\nA: " + std::string(9000, 'e') + "\r\n\r\n", 1000).status == Status::malformed);
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += "1;ee\r\na\r\n";
  CHECK(decode(many, 1000, 100000).status == Status::malformed);
}

TEST_CASE("A body that is not kept is read all the same") {
  ChunkedDecoder decoder(100);
  std::string_view input = "5\r\nhello\r\n0\r\n\r\nrest";
  CHECK(decoder.feed(input, nullptr) == Status::done);
  CHECK(input == "rest");
}
