#include "credential/keyring.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace digester;
using credential::glob_match;
using credential::KeyList;
using credential::Keyring;

namespace {

bool matches(const std::string& key, const std::string& image) {
  KeyList keys;
  REQUIRE(keys.add(key, 7) == KeyList::Added::yes);
  return Keyring(std::move(keys)).match(*image::Reference::parse(image)) == std::vector<std::size_t>{7};
}

// The keys that match, in the order in which they are tried.
std::vector<std::string> tried(const std::vector<std::string>& keys, const std::string& image) {
  KeyList list;
  for (std::size_t i = 0; i < keys.size(); ++i)
    REQUIRE(list.add(keys[i], i) == KeyList::Added::yes);
  std::vector<std::string> out;
  for (const auto i : Keyring(std::move(list)).match(*image::Reference::parse(image)))
    out.push_back(keys[i]);
  return out;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("globs stand for parts of one label, and their number and the port must agree") {
  CHECK(matches("*.kubernetes.io", "prefix.kubernetes.io/foo"));
  CHECK(matches("prefix.*.io", "prefix.kubernetes.io/foo"));
  CHECK(matches("prefix.kubernetes.*", "prefix.kubernetes.io/foo"));
  CHECK(matches("*-good.kubernetes.io", "prefix-good.kubernetes.io/foo"));
  CHECK(matches("*.kubernetes.io:1111", "prefix.kubernetes.io:1111/foo"));
  CHECK(matches("prefix.*.io/foo", "prefix.kubernetes.io/foo/bar"));
  CHECK(matches("reg-?.io", "reg-1.io/foo"));
  CHECK(matches("reg-[a-c1].io", "reg-b.io/foo"));
  CHECK_FALSE(matches("*.kubernetes.io", "kubernetes.io/foo"));
  CHECK_FALSE(matches("*.kubernetes.io", "prefix.kubernetes.io:1111/foo"));
  CHECK_FALSE(matches("*.kubernetes.io", "a.b.kubernetes.io/foo"));
  CHECK_FALSE(matches("*kubernetes.io", "prefix.kubernetes.io/foo"));
  CHECK_FALSE(matches("*.kubernetes.io:1112", "prefix.kubernetes.io:1111/foo"));
  CHECK_FALSE(matches("prefix.*.io/foo", "prefix.kubernetes.io/bar"));
  CHECK_FALSE(matches("reg-[^a].io", "reg-a.io/foo"));
}

TEST_CASE("go-containerregistry 1299: a port is part of the registry, 443 included") {
  CHECK(matches("reg.io:5000", "reg.io:5000/foo"));
  CHECK_FALSE(matches("reg.io", "reg.io:5000/foo"));
  CHECK_FALSE(matches("reg.io:5000", "reg.io/foo"));
  CHECK_FALSE(matches("reg.io:443", "reg.io/foo"));
  CHECK_FALSE(matches("https://reg.io", "reg.io:443/foo"));
}

TEST_CASE("go-containerregistry 1300: schemes and the API's version in a key are no part of the registry") {
  for (const std::string key :
       {"reg.io", "https://reg.io", "http://reg.io", "https://reg.io/", "https://reg.io/v1/",
        "https://reg.io/v2/", "https://reg.io/v1", "reg.io/v2", "HTTPS://REG.io", "https://reg.io/?x#y"})
    CHECK(matches(key, "reg.io/foo/bar"));
  CHECK(matches("https://reg.io/v2/team", "reg.io/team/app"));
  CHECK_FALSE(matches("reg.io/v3/", "reg.io/foo"));
  CHECK(matches("reg.io/v2x", "reg.io/v2x/foo"));
}

TEST_CASE("go-containerregistry 1349: the path of a key is a prefix of the image's path") {
  CHECK(matches("reg.io/team", "reg.io/team/app"));
  CHECK(matches("reg.io/team/app", "reg.io/team/app:1.0"));
  CHECK_FALSE(matches("reg.io/team/app", "reg.io/team"));
  CHECK_FALSE(matches("reg.io/team", "reg.io/other/app"));
  CHECK_FALSE(matches("reg.io/Team", "reg.io/team/app"));
}

TEST_CASE("kubernetes 102472: a path without its slash at the end is a plain prefix, with it a directory") {
  CHECK(matches("reg.io/team", "reg.io/team-b/app"));
  CHECK_FALSE(matches("reg.io/team/", "reg.io/team-b/app"));
  CHECK(matches("reg.io/team/", "reg.io/team/app"));
}

TEST_CASE("all matches are given, the most specific first") {
  CHECK(tried({"reg.io", "reg.io/a/b", "reg.io/a", "other.io"}, "reg.io/a/b/c") ==
        Keys{"reg.io/a/b", "reg.io/a", "reg.io"});
  CHECK(tried({"*.example.com", "reg.example.com", "reg.example.com/x", "*.*.com", "r*.example.com"},
              "reg.example.com/x/y") ==
        Keys{"reg.example.com/x", "reg.example.com", "r*.example.com", "*.example.com", "*.*.com"});
  CHECK(tried({"https://reg.io", "reg.io", "reg.io/v2/"}, "reg.io/x") ==
        Keys{"https://reg.io", "reg.io", "reg.io/v2/"});
}

TEST_CASE("go-containerregistry 68: docker.io and its other names are one registry") {
  for (const std::string key :
       {"docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/",
        "https://index.docker.io/v1", "https://registry-1.docker.io/v2/", "http://docker.io"})
    for (const std::string image : {"nginx", "library/nginx", "docker.io/nginx", "index.docker.io/nginx",
                                    "foo/bar", "registry-1.docker.io/library/nginx"}) {
      INFO(key << " " << image);
      CHECK(matches(key, image));
    }
  CHECK(matches("docker.io/library", "nginx"));
  CHECK(matches("index.docker.io/foo", "foo/bar"));
  CHECK_FALSE(matches("docker.io/library", "foo/bar"));
  CHECK_FALSE(matches("docker.io:443", "nginx"));
  CHECK_FALSE(matches("docker.io", "gcr.io/docker.io/nginx"));
  CHECK_FALSE(matches("docker.io", "docker.io.example.com/nginx"));
  CHECK_FALSE(matches("hub.docker.io", "nginx"));
}

TEST_CASE("hosts compare without regard to case") {
  CHECK(matches("Reg.IO", "reg.io/foo"));
  CHECK(matches("reg.io", "Reg.IO/foo"));
  CHECK(matches("[::FFFF]:5000", "[::ffff]:5000/foo"));
}

TEST_CASE("addresses are hosts") {
  CHECK(matches("127.0.0.1:5000", "127.0.0.1:5000/foo"));
  CHECK(matches("10.0.*.*", "10.0.3.4/foo"));
  CHECK(matches("[::1]:5000", "[::1]:5000/foo"));
  CHECK(matches("http://[::1]/v2/", "[::1]/foo"));
  CHECK_FALSE(matches("[::1]:5000", "[::1]/foo"));
  CHECK_FALSE(matches("[::1]", "[::2]/foo"));
  // In a glob these brackets would be the set of ':' and '1'.
  CHECK_FALSE(matches("[::1]", "1.x/foo"));
}

TEST_CASE("keys that name no host are refused") {
  KeyList list;
  for (const std::string key :
       {"", "/", "https://", "https:///v1/", "/?x", "user:secret@reg.io", "https://user@reg.io/v1/"}) {
    INFO(key);
    CHECK(list.add(key, 0) == KeyList::Added::no_host);
  }
  CHECK(list.add(std::string(KeyList::kMaxKey + 1, 'a'), 0) == KeyList::Added::no_host);
  const Keyring ring(std::move(list));
  CHECK(ring.size() == 0);
  CHECK(ring.match(*image::Reference::parse("nginx")).empty());
}

TEST_CASE("a credential is not offered to a look-alike host") {
  CHECK_FALSE(matches("reg.io", "reg.io.evil.com/foo"));
  CHECK_FALSE(matches("reg.io", "evil-reg.io/foo"));
  CHECK_FALSE(matches("reg.io", "xreg.io/foo"));
  CHECK_FALSE(matches("*.io", "reg.io.evil.com/foo"));
  CHECK_FALSE(matches("regxio", "reg.io/foo"));
}

TEST_CASE("globs: stars, sets, escapes") {
  CHECK(glob_match("", ""));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("a*b*c", "aXXbYYc"));
  CHECK(glob_match("*a*", "bab"));
  CHECK(glob_match("**a", "aaa"));
  CHECK(glob_match("a?c", "abc"));
  CHECK(glob_match("[a-c]x", "bx"));
  CHECK(glob_match("[^a-c]x", "dx"));
  CHECK(glob_match("\\*", "*"));
  CHECK(glob_match("[\\]]", "]"));
  CHECK_FALSE(glob_match("", "a"));
  CHECK_FALSE(glob_match("a", ""));
  CHECK_FALSE(glob_match("?", ""));
  CHECK_FALSE(glob_match("a*b", "ac"));
  CHECK_FALSE(glob_match("\\*", "a"));
  CHECK_FALSE(glob_match("[^a-c]x", "ax"));
}

TEST_CASE("malformed globs match nothing") {
  for (const std::string pattern :
       {"[", "[]", "[]a]", "[a", "[a-", "[a-]", "[-a]", "[^", "[^]", "a\\", "[\\", "[a\\", "*["}) {
    INFO(pattern);
    CHECK_FALSE(glob_match(pattern, "a"));
    CHECK_FALSE(glob_match(pattern, "aa"));
    CHECK_FALSE(glob_match(pattern, "]"));
  }
}

TEST_CASE("a glob made to backtrack ends soon") {
  std::string pattern;
  for (int i = 0; i < 100; ++i)
    pattern += "*a";
  CHECK_FALSE(glob_match(pattern + "*b", std::string(253, 'a')));
}

TEST_CASE("several keyrings match as one: the more specific key first, then the earlier ring") {
  const auto made = [](const std::vector<std::string>& keys) {
    KeyList list;
    for (std::size_t i = 0; i < keys.size(); ++i)
      REQUIRE(list.add(keys[i], i) == KeyList::Added::yes);
    return Keyring(std::move(list));
  };
  const auto first = made({"reg.io", "other.io"});
  const auto none = made({});
  const auto second = made({"reg.io/team", "reg.io", "*.io"});
  const credential::Keyring* const rings[] = {&first, &none, &second};
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (const auto& [ring, value] :
       credential::Keyring::match(rings, *image::Reference::parse("reg.io/team/app")))
    found.emplace_back(ring, value);
  CHECK(found == std::vector<std::pair<std::size_t, std::size_t>>{{2, 0}, {0, 0}, {2, 1}, {2, 2}});
  CHECK(credential::Keyring::match({}, *image::Reference::parse("reg.io/app")).empty());
}

TEST_CASE("among any keys of a host those that are a prefix of the path are found, the longest first") {
  std::mt19937 random(GENERATE(1, 2, 3));
  const auto any_path = [&] {
    std::string text(random() % 6, 'a');
    for (auto& c : text)
      c = "ab/"[random() % 3];
    return text;
  };
  Keys keys;
  KeyList list;
  for (int i = 0; i < 60; ++i) {
    const std::string host = i % 3 ? "reg.io" : "other.io";
    auto key = host + "/" + any_path();
    if (key == host + "/") key.pop_back();
    REQUIRE(list.add(key, keys.size()) == KeyList::Added::yes);
    keys.push_back(key);
  }
  const Keyring ring(std::move(list));
  for (int i = 0; i < 500; ++i) {
    std::string path(1 + random() % 6, 'a');
    for (auto& c : path)
      c = "ab"[random() % 2];
    if (path.size() > 3 && random() % 2) path[path.size() / 2] = '/';
    Keys expected;
    for (const auto& key : keys)
      if (("reg.io/" + path).starts_with(key)) expected.push_back(key);
    std::stable_sort(expected.begin(), expected.end(), std::greater<>());
    Keys found;
    for (const auto at : ring.match(*image::Reference::parse("reg.io/" + path)))
      found.push_back(keys[at]);
    INFO(path);
    REQUIRE(found == expected);
  }
}

TEST_CASE("hosts with patterns are bounded, names and further paths of the same pattern are not") {
  KeyList list;
  std::size_t added = 0;
  while (list.add("*." + std::to_string(added) + ".io", added) == KeyList::Added::yes)
    ++added;
  CHECK(added > 500);
  CHECK(added < 1200);
  CHECK(list.add("*.more.io", 1) == KeyList::Added::too_many_patterns);
  CHECK(list.add("*.1.io/team", 2) == KeyList::Added::yes);
  CHECK(list.add("reg.more.io", 3) == KeyList::Added::yes);
  const Keyring ring(std::move(list));
  CHECK(ring.match(*image::Reference::parse("reg.1.io/team")) == std::vector<std::size_t>{2, 1});
  CHECK(ring.match(*image::Reference::parse("reg.more.io/x")) == std::vector<std::size_t>{3});
}
