#include "registry/cache_key.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>

using namespace digester;
using registry::Key;
using registry::KeyMaker;
using registry::SipHash128;

namespace {

SipHash128::Secret counting_secret() {
  SipHash128::Secret secret;
  for (std::size_t i = 0; i < secret.size(); ++i)
    secret[i] = static_cast<unsigned char>(i);
  return secret;
}

std::string counting(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i)
    bytes.push_back(static_cast<char>(i));
  return bytes;
}

Key hash(std::string_view bytes) {
  SipHash128 siphash(counting_secret());
  siphash.update(bytes);
  return siphash.finish();
}

image::Reference reference(const std::string& text) {
  return image::Reference::parse(text).value();
}

Key refused_to(const KeyMaker::Image& image, std::initializer_list<std::string> fingerprints) {
  std::vector<credential::Credential> list;
  for (const auto& fingerprint : fingerprints)
    list.push_back({credential::Credential::Kind::basic, "u", "s", fingerprint});
  std::vector<const credential::Credential*> pointers;
  for (const auto& credential : list)
    pointers.push_back(&credential);
  return image.refused_to(pointers, true);
}

std::pair<std::uint64_t, std::uint64_t> pair(const Key& key) {
  return {key.low, key.high};
}

}  // namespace

// Computed with OpenSSL's SIPHASH (16 bytes of output), key 00…0f, input 00 01 02 …
TEST_CASE("SipHash-2-4 with 128 bits gives what another implementation gives") {
  struct Row {
    std::size_t length;
    std::uint64_t low, high;
  };
  const auto row = GENERATE(values<Row>({
      {0, 0xe6a825ba047f81a3ULL, 0x930255c71472f66dULL},
      {1, 0x44af996bd8c187daULL, 0x45fc229b11597634ULL},
      {7, 0x53c1dbd8beebf1a1ULL, 0x3982f01fa64ab8c0ULL},
      {8, 0x61f55862baa9623bULL, 0xb49714f364e2830fULL},
      {9, 0xabbad90a06994426ULL, 0xed716dbb028b7fc4ULL},
      {15, 0x11a8b03399e99354ULL, 0xd9c3cf970fec087eULL},
      {16, 0xbb54b067caa4e26eULL, 0x77052385bf1533fdULL},
      {17, 0x98b88d73e8063d47ULL, 0x4077e47ac466c054ULL},
      {63, 0x4a83502f77d15051ULL, 0x7cbd3f979a063e50ULL},
      {200, 0x9dff12edf453587cULL, 0x2d024740bc796a83ULL},
  }));
  const auto key = hash(counting(row.length));
  CHECK(key.low == row.low);
  CHECK(key.high == row.high);
}

TEST_CASE("SipHash does not care how its input is cut into pieces") {
  const auto bytes = counting(41);
  const auto whole = hash(bytes);
  for (std::size_t first = 0; first <= bytes.size(); ++first)
    for (std::size_t second = first; second <= bytes.size(); second += 3) {
      SipHash128 siphash(counting_secret());
      siphash.update(std::string_view(bytes).substr(0, first));
      siphash.update(std::string_view(bytes).substr(first, second - first));
      siphash.update(std::string_view(bytes).substr(second));
      REQUIRE(siphash.finish() == whole);
    }
}

TEST_CASE("every part of a question changes its key") {
  const KeyMaker keys;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  const auto is_new = [&](const Key& key) { return seen.insert(pair(key)).second; };
  // The same letters, cut at other places.
  for (const auto* text :
       {"r.io/ab/c:d", "r.io/a/bc:d", "r.io/ab/cd:d", "r.io/ab/c:dd", "r.iob/a/c:d", "r.io:1/ab/c:d"})
    CHECK(is_new(keys.image(reference(text)).shown_to("")));
  const auto digest = "@sha256:" + std::string(64, 'd');
  CHECK(is_new(keys.image(reference("r.io/ab/c:d" + digest)).shown_to("")));
  CHECK_FALSE(is_new(keys.image(reference("r.io/ab/c" + digest)).shown_to("")));
  const auto image = keys.image(reference("r.io/ab/c:d"));
  CHECK_FALSE(is_new(image.shown_to("")));
  CHECK(is_new(image.shown_to("f")));
  CHECK(is_new(image.shown_to("ff")));
  CHECK(is_new(image.refused_to({}, true)));
  CHECK(is_new(image.refused_to({}, false)));
  CHECK(is_new(refused_to(image, {"f"})));
  CHECK(is_new(refused_to(image, {"ff"})));
  CHECK(is_new(refused_to(image, {"f", "f"})));
  CHECK(is_new(refused_to(image, {"f", "g"})));
  CHECK(is_new(refused_to(image, {"g", "f"})));
  CHECK(is_new(keys.context(reference("r.io/ab/c:d"), {"n", "", {}})));
  CHECK(is_new(keys.context(reference("r.io/ab/c:d"), {"", "n", {}})));
  CHECK(is_new(keys.context(reference("r.io/ab/c:d"), {"", "", {"n"}})));
  CHECK(is_new(keys.context(reference("r.io/ab/c:d"), {"", "", {"n", "m"}})));
  CHECK(is_new(keys.context(reference("r.io/ab/c:d"), {"", "", {"nm"}})));
}

TEST_CASE("names of one place have one key, whatever was written") {
  const KeyMaker keys;
  const auto key = [&](const char* text) { return keys.image(reference(text)).shown_to("f"); };
  CHECK(key("nginx") == key("docker.io/library/nginx:latest"));
  CHECK(key("nginx:latest") == key("index.docker.io/nginx"));
  CHECK(key("Reg.io/a:1") == key("reg.io/a:1"));
  // But credentials are matched with the name as written.
  const auto context = [&](const char* text) { return keys.context(reference(text), {}); };
  CHECK_FALSE(context("docker.io/library/nginx") == context("registry-1.docker.io/library/nginx"));
  CHECK(context("nginx:1") == context("nginx:2"));
}

TEST_CASE("two processes give one question different keys") {
  const KeyMaker one, other;
  CHECK_FALSE(one.image(reference("nginx")).shown_to("") == other.image(reference("nginx")).shown_to(""));
  CHECK(one.image(reference("nginx")).shown_to("") == one.image(reference("nginx")).shown_to(""));
}
