#include "known/images_lock.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::known {
namespace {

using Catch::Matchers::StartsWith;

const std::string kWeb = "127.0.0.1:5000/team/web";

std::string written(const std::vector<LockEntry>& entries) {
  ImagesLock lock;
  lock.merge(entries);
  return lock.write().value();
}

ImagesLock lock_of(const std::vector<LockEntry>& entries) {
  return ImagesLock::read(written(entries)).value();
}

TEST_CASE("the scenario's lock, as kbld writes it") {
  const auto entry = lock_entry(kWeb + ":1.10", kWeb + ":1.10@" + test::kDigest);
  REQUIRE(entry);
  const auto expected = test::scenario("lock/expected.lock.yml");
  CHECK(written({*entry}) == expected);
  const auto lock = ImagesLock::read(expected).value();
  CHECK(lock.write().value() == expected);
  CHECK(lock.find(kWeb + ":1.10") == kWeb + ":1.10@" + test::kDigest);
  CHECK(lock.find(kWeb + ":1.10", true) == kWeb + "@" + test::kDigest);
  CHECK(!lock.find(kWeb + ":1.11"));
  CHECK(!lock.find(kWeb));
  CHECK(!lock.find(kWeb + ":1.10@" + test::kOther));
}

TEST_CASE("Docker Hub has its full name in a lock, and any spelling finds it") {
  const auto entry = lock_entry("nginx", "nginx@" + test::kDigest).value();
  CHECK(entry.image == "index.docker.io/library/nginx@" + test::kDigest);
  CHECK(entry.origins == "- resolved:\n    tag: latest\n    url: nginx\n");
  const auto lock = lock_of({entry});
  CHECK(lock.find("nginx") == "nginx@" + test::kDigest);
  CHECK(lock.find("nginx:latest") == "nginx:latest@" + test::kDigest);
  CHECK(lock.find("docker.io/library/nginx") == "docker.io/library/nginx@" + test::kDigest);
  CHECK(!lock.find("nginx:1"));
}

TEST_CASE("a copy elsewhere, and what a build brought, are taken whole") {
  const auto built = lock_entry("ko://example.com/app", "r.example/app-0123@" + test::kDigest).value();
  CHECK(built.origins == "- preresolved:\n    url: r.example/app-0123@" + test::kDigest + "\n");
  const auto copied = LockEntry{.image = "mirror.example/web@" + test::kOther, .id = "web:1"};
  const auto lock = lock_of({built, copied});
  CHECK(lock.find("ko://example.com/app") == "r.example/app-0123@" + test::kDigest);
  CHECK(lock.find("web:1") == "mirror.example/web@" + test::kOther);
  CHECK(lock.find("web:1", true) == "mirror.example/web@" + test::kOther);
}

TEST_CASE("what was pinned before is in the lock without origins; what has no digest is not") {
  const auto pinned = kWeb + ":1@" + test::kDigest;
  const auto entry = lock_entry(pinned, pinned).value();
  CHECK(entry.id == pinned);
  CHECK(entry.image == kWeb + "@" + test::kDigest);
  CHECK(entry.origins.empty());
  CHECK(!lock_entry("a", "a:1"));
  CHECK(!lock_entry("a", "A B"));
}

TEST_CASE("the order of entries does not matter, and merging keeps what others wrote") {
  const auto a = lock_entry("r/a:1", "r/a:1@" + test::kDigest).value();
  const auto b = lock_entry("r/b:1", "r/b:1@" + test::kDigest).value();
  CHECK(written({a, b}) == written({b, a}));
  auto lock = ImagesLock::read(
                  "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n"
                  "- image: r/b@" +
                  test::kOther +
                  "\n  annotations: {kbld.carvel.dev/id: 'r/b:1', team: \"007\"}\n"
                  "- image: r/old@" +
                  test::kOther +
                  "\n  annotations: {kbld.carvel.dev/id: 'r/old:1'}\n"
                  "- image: r/bare@" +
                  test::kOther + "\n")
                  .value();
  CHECK(lock.merge(std::vector{a, b}) == std::vector<std::string>{"r/bare@" + test::kOther, "r/old:1"});
  CHECK(lock.entries().size() == 4);
  CHECK(lock.find("r/b:1") == "r/b:1@" + test::kDigest);
  CHECK(lock.find("r/old:1") == "r/old:1@" + test::kOther);
  const auto text = lock.write().value();
  CHECK(text.find("team: \"007\"") != std::string::npos);
  CHECK(ImagesLock::read(text).value().write().value() == text);
  CHECK(text.find("r/a:1") < text.find("r/b:1"));
}

TEST_CASE("what is no lock is told with its line and the cure") {
  const auto error = [](const std::string& text) { return test::error_of(ImagesLock::read(text)); };
  const std::string head = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n";
  CHECK(error(head).empty());
  CHECK(error(head + "images:\n").empty());
  CHECK(error("kind: Pod\n") ==
        "line 1: no lock; one has apiVersion: imgpkg.carvel.dev/v1alpha1 and kind: ImagesLock");
  CHECK_THAT(error("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\n"),
             StartsWith("line 1: it is a BundleLock; "));
  CHECK_THAT(error(head + "spec: {images: []}\n"), StartsWith("line 3: a lock of an early form; "));
  CHECK(error(head + "images: {}\n") == "line 3: images is no list");
  CHECK_THAT(error(head + "images:\n- image: r/e:1\n"),
             StartsWith("line 4: the image r/e:1 has no digest; "));
  CHECK_THAT(error(head + "images:\n- image: r e\n"), StartsWith("line 4: the image: "));
  CHECK(error(head + "images:\n- {}\n") == "line 4: an entry of images has no image");
  CHECK_THAT(error(head + "images:\n- {image: r/e@" + test::kDigest +
                   ", annotations: {kbld.carvel.dev/id: e}}\n- {image: r/e@" + test::kOther +
                   ", annotations: {kbld.carvel.dev/id: e}}\n"),
             StartsWith("line 5: e has another digest on line 4; "));
  CHECK_THAT(error(head + "---\n" + head), StartsWith("line 1: 2 documents"));
  CHECK_THAT(error(""), StartsWith("line 1: 0 documents"));
  CHECK_THAT(error(head + "images: [\n"), StartsWith("line "));
}

}  // namespace
}  // namespace digester::known
