// URLs, ports and header fields as plain values.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/authority.hpp"
#include "net/http_message.hpp"

using namespace digester;
using net::Scheme;
using net::Url;

namespace {

Url url(const std::string& text) {
  const auto parsed = Url::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("a URL is split, with the scheme's port where it names none") {
  const auto url = Url::parse("HTTPS://Registry.Example.COM/v2/a%20b/?x=1&y=%2F#part");
  REQUIRE(url);
  CHECK(url->scheme == Scheme::https);
  CHECK(url->host == "registry.example.com");
  CHECK(url->port == 443);
  CHECK(url->target == "/v2/a%20b/?x=1&y=%2F");
  CHECK(url->authority() == "registry.example.com");
  CHECK(url->origin() == "https://registry.example.com");
  const auto plain = Url::parse("http://h");
  REQUIRE(plain);
  CHECK(plain->port == 80);
  CHECK(plain->target == "/");
  CHECK(Url::parse("https://h:443/")->authority() == "h");
  CHECK(Url::parse("https://h:/")->port == 443);
  CHECK(Url::parse("http://h:443/")->authority() == "h:443");
  CHECK(Url::parse("https://h?q")->target == "/?q");
}

TEST_CASE("an IPv6 host loses its brackets and gets them back") {
  const auto url = Url::parse("https://[FD00::1]:5000/v2/");
  REQUIRE(url);
  CHECK(url->host == "fd00::1");
  CHECK(url->port == 5000);
  CHECK(url->authority() == "[fd00::1]:5000");
  CHECK(Url::parse("https://[::ffff:127.0.0.1]/"));
}

TEST_CASE("what is not a plain http URL is refused") {
  for (const std::string text : {"",
                                 "h",
                                 "//registry.example.com/",
                                 "/v2/",
                                 "ftp://h/",
                                 "file:///etc/passwd",
                                 "gopher://h/",
                                 "javascript:alert(1)",
                                 "https:///v2/",
                                 "https://",
                                 "https://user@h/",
                                 "https://user:pw@h/",
                                 "https://h:0/",
                                 "https://h:65536/",
                                 "https://h:99999/",
                                 "https://h:4294967739/",
                                 "https://h:-1/",
                                 "https://h:80x/",
                                 "https://h/a b",
                                 "https://h/\r\nX: y",
                                 "https://h/\x7f",
                                 "https://a b/",
                                 "https://h%2f/",
                                 "https://h%00/",
                                 "https://h%0d%0a/",
                                 "https://h%40evil/",
                                 "https://[::1/",
                                 "https://[fe80::1%25eth0]/",
                                 "https://h\\evil/",
                                 "https://h\\@evil/",
                                 " https://h/",
                                 "https://h/\n",
                                 "https://\xC3\xA9.example/"}) {
    INFO(text);
    CHECK_FALSE(Url::parse(text));
  }
  CHECK_FALSE(Url::parse("https://h/" + std::string(9000, 'a')));
  CHECK_FALSE(Url::parse(std::string_view("https://h/\0x", 12)));
}

TEST_CASE("a refused URL's text is not repeated") {
  for (const std::string text : {"https://user:secret@h/", "ftp://secret/", "https://h:0/secret", "secret"}) {
    const auto parsed = Url::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::invalid);
    CHECK(parsed.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("a reference resolves against the URL it came from") {
  const auto base = Url::parse("https://h:5000/v2/a/manifests/1?q=1");
  REQUIRE(base);
  const auto resolved = [&](std::string_view reference) -> std::string {
    const auto result = base->resolve(reference);
    return result ? result->origin() + result->target : "error";
  };
  CHECK(resolved("https://other/x") == "https://other/x");
  CHECK(resolved("/token?service=s") == "https://h:5000/token?service=s");
  CHECK(resolved("2") == "https://h:5000/v2/a/manifests/2");
  CHECK(resolved("../blobs/x") == "https://h:5000/v2/a/blobs/x");
  CHECK(resolved("../../../../../../etc") == "https://h:5000/etc");
  CHECK(resolved("?p=2") == "https://h:5000/v2/a/manifests/1?p=2");
  CHECK(resolved("//other:1/x") == "https://other:1/x");
  CHECK(resolved("http://h/x") == "http://h/x");
  CHECK(resolved("ftp://h/x") == "error");
  CHECK(resolved("https://user@h/x") == "error");
  CHECK(resolved("/a b") == "error");
  CHECK(resolved("/a\r\nSet-Cookie: x") == "error");
  CHECK(resolved("https://h:99999/") == "error");
  CHECK(resolved(std::string(9000, 'a')) == "error");
}

TEST_CASE("the very same origin is scheme, host and port") {
  CHECK(url("https://h/a").same_origin(url("https://H:443/b")));
  CHECK_FALSE(url("https://h/").same_origin(url("http://h:443/")));
  CHECK_FALSE(url("https://h/").same_origin(url("https://h:444/")));
  CHECK_FALSE(url("https://h/").same_origin(url("https://h.evil/")));
}

TEST_CASE("ports are decimal numbers from 1 to 65535") {
  CHECK(net::parse_port("1") == 1);
  CHECK(net::parse_port("65535") == 65535);
  for (const std::string text : {"", "0", "65536", "99999", "-1", "+1", " 1", "1 ", "0x50", "1e3"}) {
    INFO(text);
    CHECK_FALSE(net::parse_port(text));
  }
}

TEST_CASE("header fields keep their order and are found in any case") {
  net::Headers headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  CHECK(headers.get("a") == "1");
  CHECK(headers.get_all("A") == std::vector<std::string_view>{"1", "3"});
  CHECK_FALSE(headers.get("c"));
  headers.set("A", "4");
  CHECK(headers.get_all("a") == std::vector<std::string_view>{"4"});
  headers.erase("B");
  CHECK(headers.fields().size() == 1);
}
