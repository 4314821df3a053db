#include "net/server/wire/request_head.hpp"

#include <catch2/catch.hpp>

using namespace digester::net;
using namespace digester::net::server;

namespace {

struct Parsed {
  std::string text;
  RequestHead head;
  std::vector<HeaderField> fields;
  Refusal refusal;
};

// `text` without the empty line.
std::unique_ptr<Parsed> parse(std::string text) {
  auto parsed = std::make_unique<Parsed>();
  parsed->text = std::move(text) + "\r\n";
  REQUIRE(find_head_end(parsed->text) == parsed->text.size());
  parsed->refusal = parse_head(parsed->text, parsed->head, parsed->fields);
  return parsed;
}

std::unique_ptr<Parsed> fields(const std::string& more) {
  return parse("POST / HTTP/1.1\r\nHost: a\r\n" + more);
}

}  // namespace

TEST_CASE("A request's head is taken apart") {
  const auto p = parse(
      "POST /v1/mutate?timeout=10s&x=? HTTP/1.1\r\nHost: webhook.ns.svc:443\r\nUser-Agent:kube \t\r\n"
      "content-LENGTH:  17  \r\nX-Empty:\r\nX-Utf8: \xC3\xA9\r\n");
  CHECK(p->refusal.status == 0);
  CHECK(p->head.method == "POST");
  CHECK(p->head.path == "/v1/mutate");
  CHECK(p->head.query == "timeout=10s&x=?");
  CHECK(p->head.keep_alive);
  CHECK(p->head.has_length);
  CHECK(p->head.length == 17);
  CHECK_FALSE(p->head.chunked);
  CHECK_FALSE(p->head.expects_continue);
  REQUIRE(p->fields.size() == 5);
  CHECK(p->fields[1].name == "User-Agent");
  CHECK(p->fields[1].value == "kube");
  CHECK(p->fields[3].value.empty());
  CHECK(p->fields[4].value == "\xC3\xA9");
}

TEST_CASE("Targets in absolute form give their path") {
  CHECK(parse("GET http://h:80/a/b?c HTTP/1.1\r\nHost: h\r\n")->head.path == "/a/b");
  CHECK(parse("GET http://h:80/a/b?c HTTP/1.1\r\nHost: h\r\n")->head.query == "c");
  CHECK(parse("GET HTTPS://h HTTP/1.1\r\nHost: h\r\n")->head.path == "/");
  CHECK(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n")->head.path == "/");
  CHECK(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n")->head.query == "q");
  CHECK(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n")->head.path == "*");
}

TEST_CASE("Persistence follows version and Connection") {
  CHECK(fields("")->head.keep_alive);
  CHECK_FALSE(fields("Connection: close\r\n")->head.keep_alive);
  CHECK_FALSE(fields("Connection: x, CLOSE ,y\r\n")->head.keep_alive);
  CHECK_FALSE(fields("Connection: keep-alive, close\r\n")->head.keep_alive);
  CHECK_FALSE(fields("Connection: close\r\nConnection: keep-alive\r\n")->head.keep_alive);
  CHECK_FALSE(parse("GET / HTTP/1.0\r\n")->head.keep_alive);
  CHECK(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n")->head.keep_alive);
  CHECK(parse("GET / HTTP/1.0\r\n")->refusal.status == 0);
}

TEST_CASE("An expectation is noted where the client may have one") {
  CHECK(fields("Expect: 100-Continue\r\n")->head.expects_continue);
  CHECK_FALSE(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n")->head.expects_continue);
  CHECK(fields("Expect: miracles\r\n")->refusal.status == 417);
}

TEST_CASE("What could be read in two ways is refused") {
  const auto bad = GENERATE(
      as<std::string>{}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999x\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0B"
      "chunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tfolded\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 5\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 5\r\n", "POST / HTTP/1.1\nHost: a\r\nX: y\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nX b\r\n", "POST / HTTP/1.1\r\nHost: a\r\n: b\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nX: \x7F\r\n", "POST / HTTP/1.1\r\nHost: a\r\nX\xC3\xA9: b\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n");
  CAPTURE(bad);
  CHECK(parse(bad)->refusal.status == 400);
}

TEST_CASE("A NUL is refused wherever it stands") {
  CHECK(fields(std::string("X: a\0b\r\n", 8))->refusal.status == 400);
  CHECK(fields(std::string("X\0: b\r\n", 7))->refusal.status == 400);
  CHECK(parse(std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n", 26))->refusal.status == 400);
}

TEST_CASE("Request lines that are none are refused") {
  const auto bad =
      GENERATE(as<std::string>{}, "", "GET", "GET /", "GET / ", "GET  / HTTP/1.1", " GET / HTTP/1.1",
               "GET / HTTP/1.1 ", "GET / http/1.1", "GET / HTTP/11", "GET / HTTP/1.11", "GET / HTTP/1,1",
               "GET /a b HTTP/1.1", "GET a HTTP/1.1", "GET /a#b HTTP/1.1", "GET /\xC3\xA9 HTTP/1.1",
               "GET\t/ HTTP/1.1", "G(T / HTTP/1.1", "CONNECT a:80 HTTP/1.1", "GET ftp://a/ HTTP/1.1",
               "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1");
  CAPTURE(bad);
  CHECK(parse(bad + "\r\nHost: a\r\n")->refusal.status == 400);
}

TEST_CASE("Other protocol versions are named as such") {
  CHECK(parse("PRI * HTTP/2.0\r\n")->refusal.status == 505);
  CHECK(parse("GET / HTTP/0.9\r\n")->refusal.status == 505);
  CHECK(parse("GET / HTTP/1.2\r\nHost: a\r\n")->refusal.status == 0);
}

TEST_CASE("Host must be there once and be a host") {
  CHECK(parse("GET / HTTP/1.1\r\n")->refusal.status == 400);
  CHECK(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n")->refusal.status == 400);
  CHECK(parse("GET / HTTP/1.1\r\nHost: a/b\r\n")->refusal.status == 400);
  CHECK(parse("GET / HTTP/1.1\r\nHost: u@a\r\n")->refusal.status == 400);
  CHECK(parse("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n")->refusal.status == 0);
  CHECK(parse("GET / HTTP/1.1\r\nHost:\r\n")->refusal.status == 0);
}

TEST_CASE("Codings that nobody here understands are named as such") {
  CHECK(fields("Transfer-Encoding: gzip, chunked\r\n")->refusal.status == 501);
  CHECK(fields("Transfer-Encoding: CHUNKED\r\n")->head.chunked);
}

TEST_CASE("A length beyond any number is too large, not malformed") {
  CHECK(fields("Content-Length: 99999999999999999999999999\r\n")->refusal.status == 413);
  CHECK(fields("Content-Length: 18446744073709551615\r\n")->head.length == 18446744073709551615U);
}

TEST_CASE("The number of fields is limited") {
  std::string many;
  for (std::size_t i = 0; i < kMaxFields - 1; ++i)
    many += "A: b\r\n";
  CHECK(fields(many)->refusal.status == 0);
  CHECK(fields(many + "A: b\r\n")->refusal.status == 431);
}

TEST_CASE("The end of a head is found however it arrives in pieces") {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  const auto end = text.size() - 4;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto first = find_head_end(std::string_view(text).substr(0, cut));
    CHECK(first == (cut < end ? std::string_view::npos : end));
    if (first == std::string_view::npos) CHECK(find_head_end(text, cut) == end);
  }
}

TEST_CASE("An empty line before the request is tolerated, noise is refused from its first byte") {
  CHECK(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n")->refusal.status == 0);
  CHECK(check_beginning("\r\n").status == 0);
  CHECK(check_beginning("\r").status == 0);
  CHECK(check_beginning("P").status == 0);
  CHECK(check_beginning("\x16\x03\x01").status == 400);
  CHECK(check_beginning("\r\n\r\n").status == 400);
  CHECK(check_beginning("\n").status == 400);
  CHECK(check_beginning(" GET").status == 400);
}
