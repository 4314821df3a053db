// The parser without a socket: every cut, every byte that could be read in two ways.
#include "net/client/response_reader.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace digester;
using net::Method;
using net::ResponseReader;

namespace {

struct Outcome {
  std::optional<Error> error;
  bool done = false;
  std::size_t used = 0;
  net::Response response;
  bool keep_alive = false;
};

Outcome read(std::string_view bytes, std::size_t piece = 1 << 20, Method method = Method::get,
             net::ReaderLimits limits = {}) {
  ResponseReader reader(method, limits, "peer");
  Outcome outcome;
  while (outcome.used < bytes.size() && !reader.done()) {
    const auto part = bytes.substr(outcome.used, piece);
    const auto used = reader.feed(part);
    if (!used) {
      outcome.error = used.error();
      return outcome;
    }
    outcome.used += *used;
    if (*used < part.size()) break;
  }
  outcome.done = reader.done();
  outcome.keep_alive = reader.keep_alive();
  outcome.response = reader.take();
  return outcome;
}

ErrorKind kind_of(std::string_view bytes) {
  const auto outcome = read(bytes);
  REQUIRE(outcome.error);
  // Cut into single bytes it is the same mistake (but for HTTP/2, which is known by its first nine).
  if (outcome.error->kind != ErrorKind::unsupported) CHECK(read(bytes, 1).error);
  return outcome.error->kind;
}

const std::vector<std::string> kGood = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 \r\nContent-Length:5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ncontent-LENGTH: \t 5 \t\r\nX-Empty:\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n0004 ; "
    "a=\"b\"\r\nello\r\n000\r\nTrailer: x\r\n\r\n",
    "HTTP/1.1 102 Processing\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
};

}  // namespace

TEST_CASE("the same answer comes out however the bytes are cut") {
  for (const auto& text : kGood) {
    for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) {
      const auto outcome = read(text, piece);
      INFO(text << " in pieces of " << piece);
      REQUIRE_FALSE(outcome.error);
      REQUIRE(outcome.done);
      REQUIRE(outcome.response.status == 200);
      REQUIRE(outcome.response.body == "hello");
      REQUIRE(outcome.keep_alive);
      REQUIRE(outcome.used == text.size());
    }
  }
}

TEST_CASE("what follows the answer is left over, however the bytes are cut") {
  for (const auto& text : kGood) {
    const std::string more = text + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for (std::size_t piece = 1; piece <= more.size(); ++piece) {
      const auto outcome = read(more, piece);
      REQUIRE(outcome.done);
      REQUIRE(outcome.used == text.size());
      REQUIRE(outcome.response.body == "hello");
    }
  }
}

TEST_CASE("an answer that is not whole is not done") {
  for (const auto& text : kGood)
    for (std::size_t size = 0; size < text.size(); ++size) {
      ResponseReader reader(Method::get, {}, "peer");
      REQUIRE(reader.feed(std::string_view(text).substr(0, size)));
      REQUIRE_FALSE(reader.done());
      REQUIRE_FALSE(reader.end(true));
    }
}

TEST_CASE("answers without a body end with their head") {
  for (const char* text :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"})
    CHECK(read(text).done);
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 100, Method::head).done);
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n", 100, Method::head).done);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", 100, Method::head).done);
}

TEST_CASE("a body until the end needs an orderly one") {
  for (const bool orderly : {true, false}) {
    ResponseReader reader(Method::get, {}, "peer");
    REQUIRE(reader.feed("HTTP/1.1 200 OK\r\n\r\nall"));
    CHECK_FALSE(reader.done());
    CHECK(reader.until_close());
    CHECK(reader.end(orderly).has_value() == orderly);
  }
}

TEST_CASE("malformed answers are refused") {
  for (const std::string& text : {
           std::string("\r\nHTTP/1.1 200 OK\r\n\r\n"),
           std::string("ICY 200 OK\r\n\r\n"),
           std::string("HTTP/2.0 200 OK\r\n\r\n"),
           std::string("HTTP/0.9 200 OK\r\n\r\n"),
           std::string("HTTP/1.10 200 OK\r\n\r\n"),
           std::string("http/1.1 200 OK\r\n\r\n"),
           std::string("HTTP/1.1  200 OK\r\n\r\n"),
           std::string("HTTP/1.1 20 OK\r\n\r\n"),
           std::string("HTTP/1.1 2000 OK\r\n\r\n"),
           std::string("HTTP/1.1 099 OK\r\n\r\n"),
           std::string("HTTP/1.1 600 OK\r\n\r\n"),
           std::string("HTTP/1.1 +20 OK\r\n\r\n"),
           std::string("HTTP/1.1 200\tOK\r\n\r\n"),
           std::string("HTTP/1.1 200 O\0K\r\n\r\n", 21),
           std::string("HTTP/1.1 101 Switching\r\n\r\n"),
           // line ends
           std::string("HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n\r\n"),
           // fields
           std::string("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\n: empty\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\n A: b\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", 27),
           // lengths
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n"),
           // transfer codings
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n"),
           std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
           // chunks
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000001\r\na\r\n"),
       }) {
    INFO(text);
    CHECK(kind_of(text) == ErrorKind::protocol);
  }
}

TEST_CASE("limits are exact") {
  net::ReaderLimits limits;
  limits.body = 5;
  for (const auto& text : kGood)
    CHECK_FALSE(read(text, 3, Method::get, limits).error);
  limits.body = 4;
  for (const auto& text : kGood)
    CHECK(read(text, 3, Method::get, limits).error->kind == ErrorKind::too_large);

  limits = {};
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  limits.head = head.size();
  CHECK_FALSE(read(head + "hello", 7, Method::get, limits).error);
  limits.head = head.size() - 1;
  CHECK(read(head + "hello", 7, Method::get, limits).error->kind == ErrorKind::too_large);

  limits = {};
  limits.fields = 2;
  CHECK_FALSE(read("HTTP/1.1 204 X\r\nA: 1\r\nB: 2\r\n\r\n", 7, Method::get, limits).error);
  CHECK(read("HTTP/1.1 204 X\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 7, Method::get, limits).error->kind ==
        ErrorKind::too_large);
}

TEST_CASE("a chunk that announces more than fits is refused before it comes") {
  net::ReaderLimits limits;
  for (const char* size : {"ffffffffffffffff", "10001"}) {
    const auto outcome =
        read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(size) + "\r\n", 1000,
             Method::get, limits);
    CHECK(outcome.error->kind == ErrorKind::too_large);
  }
}

TEST_CASE("many small chunks are fine, long extensions and trailers are not") {
  std::string small = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 60'000; ++i)
    small += "1\r\nx\r\n";
  CHECK(read(small + "0\r\n\r\n").response.body.size() == 60'000);
  const std::string start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string extended = start;
  for (int i = 0; i < 100; ++i)
    extended += "1;x=" + std::string(1000, 'e') + "\r\nx\r\n";
  CHECK(read(extended).error->kind == ErrorKind::too_large);
  CHECK(read(start + "0\r\nT: " + std::string(70'000, 't')).error->kind == ErrorKind::too_large);
}

TEST_CASE("an answer to CONNECT has no body if it is a yes") {
  auto yes = ResponseReader::for_connect({}, "proxy");
  CHECK(yes.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").value() == 38);
  CHECK(yes.done());
  auto no = ResponseReader::for_connect({}, "proxy");
  CHECK(no.feed("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhe"));
  CHECK(no.head_done());
  CHECK_FALSE(no.done());
}

TEST_CASE("random damage never crashes, and never reads past the end of a message") {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = kGood[random() % kGood.size()] + kGood[random() % kGood.size()];
    for (unsigned n = random() % 4; n > 0; --n) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 5);
          break;
        default:
          text.insert(at, 1, "\r\n :;0\x00\xff"[random() % 8]);
      }
      if (text.empty()) text = "x";
    }
    const auto whole = read(text);
    const auto pieces = read(text, 1 + random() % 7);
    REQUIRE(whole.done == pieces.done);
    REQUIRE(whole.used <= text.size());
    if (whole.done) {
      REQUIRE(whole.used == pieces.used);
      REQUIRE(whole.response.body == pieces.response.body);
      REQUIRE(whole.response.status == pieces.response.status);
    }
  }
}
