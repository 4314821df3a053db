#include "image/reference.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace digester;
using image::Digest;
using image::Reference;

namespace {

const std::string h64(64, 'a');
const std::string sha256 = "sha256:" + h64;

struct Parsed {
  std::string input;
  std::string domain;
  std::string path;
  std::string tag;
  std::string digest = {};
};

void check_all(const std::vector<Parsed>& rows) {
  for (const auto& row : rows) {
    INFO(row.input);
    const auto r = Reference::parse(row.input);
    if (!r) FAIL_CHECK(r.error().message);
    if (!r) continue;
    CHECK(r->original() == row.input);
    CHECK(r->domain() == row.domain);
    CHECK(r->path() == row.path);
    CHECK(r->tag() == row.tag);
    CHECK((r->digest() ? r->digest()->str() : "") == row.digest);
  }
}

void check_refused(const std::vector<std::string>& inputs) {
  for (const auto& input : inputs) {
    INFO(input);
    const auto r = Reference::parse(input);
    CHECK_FALSE(r);
    if (!r) CHECK(r.error().kind == ErrorKind::invalid);
  }
}

}  // namespace

TEST_CASE("Docker Hub's official images have three spellings") {
  for (const std::string name : {"nginx", "docker.io/nginx", "index.docker.io/nginx"})
    check_all({{name, "docker.io", "library/nginx", "latest"},
               {name + ":1.25", "docker.io", "library/nginx", "1.25"}});
  CHECK(Reference::parse("nginx")->api_host() == "registry-1.docker.io");
  CHECK(Reference::parse("index.docker.io/nginx")->api_host() == "registry-1.docker.io");
  CHECK(Reference::parse("nginx")->repository() == "docker.io/library/nginx");
}

TEST_CASE("Docker.io is another host than docker.io") {
  check_all({{"Docker.io/nginx", "Docker.io", "nginx", "latest"},
             {"registry-1.docker.io/library/nginx", "registry-1.docker.io", "library/nginx", "latest"}});
  CHECK(Reference::parse("Docker.io/nginx")->api_host() == "docker.io");
}

TEST_CASE("a first segment that cannot be a host belongs to the path on Docker Hub") {
  check_all({{"foo/bar", "docker.io", "foo/bar", "latest"},
             {"myreg/foo", "docker.io", "myreg/foo", "latest"},
             {"test_com/foo", "docker.io", "test_com/foo", "latest"},
             {"a/b/c/d/e/f:1", "docker.io", "a/b/c/d/e/f", "1"}});
}

TEST_CASE("a first segment that looks like a host is one") {
  check_all({{"localhost/foo", "localhost", "foo", "latest"},
             {"registry:5000/foo", "registry:5000", "foo", "latest"},
             {"127.0.0.1:5000/foo:bar", "127.0.0.1:5000", "foo", "bar"},
             {"[::1]:5000/foo:1", "[::1]:5000", "foo", "1"},
             {"[::1]/foo", "[::1]", "foo", "latest"}});
}

TEST_CASE("without a slash there is no host, and the colon is a tag's") {
  check_all({{"localhost", "docker.io", "library/localhost", "latest"},
             {"localhost:5000", "docker.io", "library/localhost", "5000"},
             {"192.168.1.1:5000", "docker.io", "library/192.168.1.1", "5000"},
             {"gcr.io:443", "docker.io", "library/gcr.io", "443"}});
}

TEST_CASE("a digest without a tag leaves the tag empty") {
  check_all({{"nginx@" + sha256, "docker.io", "library/nginx", "", sha256}});
  CHECK_FALSE(Reference::parse("nginx@" + sha256)->has_explicit_tag());
}

TEST_CASE("a tag and a digest are both kept") {
  check_all({{"nginx:1.25@" + sha256, "docker.io", "library/nginx", "1.25", sha256}});
  CHECK(Reference::parse("nginx:1.25@" + sha256)->has_explicit_tag());
}

TEST_CASE("sha512 and sha384 digests are references too") {
  const auto sha512 = "sha512:" + std::string(128, '0');
  const auto sha384 = "sha384:" + std::string(96, '0');
  check_all({{"nginx@" + sha512, "docker.io", "library/nginx", "", sha512},
             {"nginx@" + sha384, "docker.io", "library/nginx", "", sha384}});
}

TEST_CASE("sha256:<64 hex> without @ is an image called sha256") {
  check_all({{sha256, "docker.io", "library/sha256", h64}});
}

TEST_CASE("64 hex digits need a tag") {
  check_all({{h64 + ":latest", "docker.io", "library/" + h64, "latest"},
             {std::string(63, 'a'), "docker.io", "library/" + std::string(63, 'a'), "latest"}});
  check_refused({h64});
  CHECK_THAT(Reference::parse(h64).error().message, Catch::Contains("image's id"));
}

TEST_CASE("upper case makes a host of the first segment, and is an error elsewhere") {
  check_all({{"Foo/bar", "Foo", "bar", "latest"}});
  CHECK(Reference::parse("Foo/bar")->api_host() == "foo");
  check_refused({"Nginx", "foo/Bar", "gcr.io/Foo/bar"});
}

TEST_CASE("ports are numbers from 1 to 65535 and stay written") {
  check_all({{"gcr.io:443/foo", "gcr.io:443", "foo", "latest"},
             {"gcr.io:1/foo", "gcr.io:1", "foo", "latest"},
             {"gcr.io:65535/foo", "gcr.io:65535", "foo", "latest"}});
  check_refused({"gcr.io:99999/foo", "gcr.io:65536/foo", "gcr.io:0/foo", "gcr.io:/foo", "gcr.io:abc/foo",
                 "gcr.io:-1/foo", "gcr.io:4 3/foo", "gcr.io:4294967739/foo", "gcr.io:443:443/foo",
                 "gcr.io:" + std::string(100000, '9') + "/foo"});
}

TEST_CASE("odd but legal names, hosts and tags") {
  check_all({{"nginx:_tag", "docker.io", "library/nginx", "_tag"},
             {"foo__bar", "docker.io", "library/foo__bar", "latest"},
             {"foo--bar", "docker.io", "library/foo--bar", "latest"},
             {"foo------bar", "docker.io", "library/foo------bar", "latest"},
             {"foo.b_ar", "docker.io", "library/foo.b_ar", "latest"},
             {"xn--n3h.com/foo", "xn--n3h.com", "foo", "latest"},
             {"a--b.com/foo", "a--b.com", "foo", "latest"},
             {"nginx:" + std::string(128, 't'), "docker.io", "library/nginx", std::string(128, 't')},
             {"nginx:1.2-rc_3.", "docker.io", "library/nginx", "1.2-rc_3."}});
}

TEST_CASE("go-containerregistry 2407: a repository of one letter") {
  check_all({{"a", "docker.io", "library/a", "latest"}, {"gcr.io/a", "gcr.io", "a", "latest"}});
}

TEST_CASE("tags and path components that the grammar forbids") {
  check_refused({"nginx:-tag",
                 "nginx:.tag",
                 "nginx:1.0+build",
                 "nginx:" + std::string(129, 't'),
                 "nginx:" + std::string(129, '.'),
                 "nginx:t" + std::string(128, '.'),
                 "foo___bar",
                 "foo-_bar",
                 "foo_-bar",
                 "foo.-bar",
                 "-foo",
                 "foo-",
                 "_foo",
                 "foo_",
                 "foo..bar",
                 "/.foo",
                 "foo.",
                 "gcr.io/.foo",
                 "foo/-bar",
                 "foo./bar",
                 "foo-/bar",
                 "nginx:tag/x",
                 "gcr.io/foo:tag/x"});
}

TEST_CASE("hosts that the grammar forbids") {
  for (const std::string host : {"-gcr.io",
                                 "gcr-.io",
                                 "gcr..io",
                                 ".io",
                                 "gcr.io.",
                                 "my_reg:5000",
                                 "::1",
                                 "[fe80::1%eth0]",
                                 "[::ffff:1.2.3.4]",
                                 "☃.com",
                                 "gcr.io-",
                                 "gcr.-io",
                                 "-",
                                 "a.-",
                                 "[]",
                                 "[",
                                 "[::1",
                                 "[::1]x",
                                 "[::1]:",
                                 "[::1]:0",
                                 "[::1]]",
                                 "::1]",
                                 "gcr.io:443:1",
                                 ":5000",
                                 ".",
                                 ":",
                                 "a.b%2f"})
    check_refused({host + "/foo", host + "/foo:tag"});
  check_refused({"::1", "[::1]", "[::1]:5000", "☃.com", std::string(254, 'a') + ".io/foo"});
  check_all({{std::string(250, 'a') + ".io/foo", std::string(250, 'a') + ".io", "foo", "latest"}});
}

TEST_CASE("empty components, schemes, user information and escapes") {
  check_refused({"gcr.io//foo",
                 "gcr.io/foo/",
                 "/foo",
                 "gcr.io/",
                 "a/../b",
                 "a/./b",
                 "../a",
                 "./a",
                 "https://gcr.io/foo",
                 "http://gcr.io/foo",
                 "docker://gcr.io/foo",
                 "docker://nginx",
                 "oci:foo://x",
                 "user@host/foo",
                 "user:pw@host/foo",
                 "gcr.io/foo?x",
                 "gcr.io/foo#x",
                 "nginx?x",
                 "nginx#x",
                 "nginx%20",
                 "gcr.io/a%2fb",
                 "gcr.io\\foo",
                 "foo\\bar",
                 "/",
                 "//",
                 "a//b"});
}

TEST_CASE("white space, and missing or doubled parts") {
  check_refused({"",
                 " ",
                 " nginx",
                 "nginx ",
                 "ngi nx",
                 "nginx\n",
                 "\tnginx",
                 "nginx:1 ",
                 "gcr.io /foo",
                 "nginx:",
                 ":tag",
                 "a:b:c",
                 "gcr.io/a:b:c",
                 "nginx@",
                 "nginx@latest",
                 "nginx:@" + sha256,
                 "nginx@" + sha256 + "@" + sha256,
                 "nginx@@" + sha256,
                 "@" + sha256,
                 "nginx@sha256:" + std::string(64, 'A'),
                 "nginx@sha256:" + std::string(63, 'a'),
                 "nginx@sha256:" + std::string(65, 'a'),
                 "nginx@sha512:" + h64,
                 "nginx@md5:" + std::string(32, 'a'),
                 "nginx@" + sha256 + "\n",
                 "nginx@" + sha256 + ":tag",
                 "nginx@" + sha256 + "/x",
                 std::string("nginx\0", 6),
                 std::string("nginx:a\0b", 9),
                 "nginx:t\xC3\xA9",
                 "n\xC3\xA9/x",
                 "\xFF\xFE",
                 "nginx:\xE2\x80\x8Btag"});
}

TEST_CASE("go-containerregistry 2094: an empty tag with a digest is an error") {
  CHECK_THAT(Reference::parse("gcr.io/foo:@" + sha256).error().message,
             Catch::Contains("the tag after ':' is missing (byte 12)"));
}

TEST_CASE("the path may have 255 bytes, library/ included") {
  const std::string at_limit(255 - 8, 'a');
  check_all({{at_limit, "docker.io", "library/" + at_limit, "latest"},
             {"gcr.io/" + std::string(255, 'a'), "gcr.io", std::string(255, 'a'), "latest"}});
  check_refused({at_limit + "a", "docker.io/" + at_limit + "a", "gcr.io/" + std::string(256, 'a')});
  CHECK_THAT(Reference::parse(at_limit + "a").error().message,
             Catch::Contains("longer than 255 bytes (byte 248)"));
  CHECK_THAT(Reference::parse("gcr.io/" + std::string(256, 'a')).error().message,
             Catch::Contains("(byte 263)"));
}

TEST_CASE("names of addresses that the grammar admits are left to the address rules") {
  check_all({{"2130706433:5000/x", "2130706433:5000", "x", "latest"},
             {"0x7f.1/x", "0x7f.1", "x", "latest"},
             {"[::ffff:a9fe:a9fe]/x", "[::ffff:a9fe:a9fe]", "x", "latest"},
             {"[::ffff:7f00:1]:5000/x:1", "[::ffff:7f00:1]:5000", "x", "1"},
             {"[64:FF9B::A9FE:A9FE]/x", "[64:FF9B::A9FE:A9FE]", "x", "latest"},
             {"169.254.169.254/x", "169.254.169.254", "x", "latest"},
             {"metadata.google.internal/x", "metadata.google.internal", "x", "latest"},
             {"0/x.y", "docker.io", "0/x.y", "latest"},
             {"0177.1/x", "0177.1", "x", "latest"}});
}

TEST_CASE("an error says what is wrong and at which byte, counted from 1") {
  const auto message = [](const std::string& text) {
    const auto r = Reference::parse(text);
    return r ? "parsed" : r.error().message;
  };
  CHECK(message("nginx:-tag") ==
        "\"nginx:-tag\" is not an image reference: a tag cannot begin with '-' (byte 7)");
  CHECK(message("gcr.io/Foo/bar") ==
        "\"gcr.io/Foo/bar\" is not an image reference: repository names are lower case, and 'F' is not (byte "
        "8)");
  CHECK_THAT(message("ngi nx"), Catch::Contains("a space cannot stand in a repository name (byte 4)"));
  CHECK_THAT(message("nginx\n"), Catch::Contains("\"nginx\\x0a\"") && Catch::Contains("a line break"));
  CHECK_THAT(message("☃.com/foo"), Catch::Contains("'☃' cannot stand in a host name (byte 1)"));
  CHECK_THAT(message("https://gcr.io/foo"), Catch::Contains("scheme") && Catch::Contains("(byte 6)"));
  CHECK_THAT(message("gcr.io:99999/foo"), Catch::Contains("the port is not between 1 and 65535 (byte 8)"));
  CHECK_THAT(message("gcr-.io/foo"), Catch::Contains("(byte 4)"));
  CHECK_THAT(message("nginx@sha256:abcX"), Catch::Contains("'X' is not a lower-case hex digit (byte 17)"));
  CHECK_THAT(message("nginx@latest"), Catch::Contains("a digest is written sha256:…"));
  CHECK_THAT(message("nginx:" + std::string(129, 't')),
             Catch::Contains("the tag is longer than 128 bytes (byte 135)"));
  CHECK_THAT(message(""), Catch::Contains("it is empty"));
  CHECK_THAT(message("a\x1b[2J"), !Catch::Contains("\x1b"));
}

TEST_CASE("attackers' texts of megabytes are refused quickly and briefly") {
  for (const std::string& text :
       {std::string(3'000'000, 'a'), std::string(3'000'000, '-'), std::string(3'000'000, '/'),
        std::string(3'000'000, ':'), std::string(3'000'000, '@'), "a" + std::string(3'000'000, '-') + "a",
        "a/" + std::string(3'000'000, '.'), std::string(3'000'000, '.') + "/a",
        "x:" + std::string(3'000'000, '1'), "x@sha256:" + std::string(3'000'000, 'a'),
        "[" + std::string(3'000'000, ':') + "/a"}) {
    const auto r = Reference::parse(text);
    REQUIRE_FALSE(r);
    CHECK(r.error().message.size() < 500);
  }
}

TEST_CASE("the pinned form is the text as written, an @ and the digest") {
  const auto digest = *Digest::parse(sha256);
  const auto pin = [&](const char* text) { return Reference::parse(text)->pinned(digest); };
  CHECK(pin("nginx") == "nginx@" + sha256);
  CHECK(pin("nginx:1.25") == "nginx:1.25@" + sha256);
  CHECK(pin("index.docker.io/nginx") == "index.docker.io/nginx@" + sha256);
  CHECK(pin("registry:5000/foo") == "registry:5000/foo@" + sha256);
  CHECK(pin("[::1]:5000/foo:1") == "[::1]:5000/foo:1@" + sha256);
}

TEST_CASE("the digest-only form loses the tag and nothing else") {
  const auto digest = *Digest::parse(sha256);
  const auto pin = [&](const std::string& text) {
    return Reference::parse(text)->pinned_without_tag(digest);
  };
  CHECK(pin("nginx") == "nginx@" + sha256);
  CHECK(pin("nginx:1.25") == "nginx@" + sha256);
  CHECK(pin("registry:5000/foo:1") == "registry:5000/foo@" + sha256);
  CHECK(pin("registry:5000/foo") == "registry:5000/foo@" + sha256);
  CHECK(Reference::parse("a.b:1/c:2@" + sha256)->name_as_written() == "a.b:1/c");
}
