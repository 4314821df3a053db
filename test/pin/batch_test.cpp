#include "pin/batch.hpp"

#include <catch2/catch.hpp>

#include "manifest/support.hpp"

namespace digester::pin {
namespace {

using test::built_in;
using test::kWebDigest;
using test::pod;

constexpr std::string_view kWeb = "r.example/team/web:1.10";

// Every question answered with the digest of what is seeded.
void answer_all(Batch& batch) {
  for (std::size_t i = 0; i < batch.questions().size(); ++i)
    batch.answer(i, test::digest_of(batch.questions()[i].original()));
  batch.conclude();
}

Page only(Policy policy, std::string_view image) {
  Batch batch(built_in(), std::move(policy));
  batch.add("pod.yaml", pod(" " + std::string(image)));
  answer_all(batch);
  REQUIRE(batch.pages().size() == 1);
  REQUIRE(batch.pages()[0].outcomes.size() == 1);
  return batch.pages()[0];
}

TEST_CASE("an image that many texts name is asked for once, and pinned in all") {
  Batch batch(built_in(), {});
  for (int i = 0; i < 3; ++i)
    batch.add("pod.yaml", pod(" r.example/team/web:1.10"));
  batch.add("other.yaml", pod(" r.example/team/migrate:2"));
  REQUIRE(batch.questions().size() == 2);
  answer_all(batch);
  for (const auto& page : batch.pages()) {
    CHECK_FALSE(page.problem);
    CHECK(page.outcomes.at(0).status == Status::pinned);
    CHECK(test::without_digests(std::string(page.result())) == page.text);
    CHECK(page.changed);
  }
}

TEST_CASE("what is to be left alone is not asked for, and does not change") {
  Policy policy;
  SECTION("it has a digest") {
    const auto page = only(policy, std::string(kWeb) + "@" + kWebDigest);
    CHECK(page.outcomes[0].status == Status::had_digest);
    CHECK_FALSE(page.changed);
  }
  SECTION("it starts with a prefix") {
    policy.skip_prefixes = {"r.example/team/"};
    const auto page = only(policy, kWeb);
    CHECK(page.outcomes[0].status == Status::skipped);
    CHECK_FALSE(page.changed);
  }
  SECTION("it starts with a prefix, and is no image") {
    policy.skip_prefixes = {"<CHANGE ME>"};
    CHECK(only({}, "<CHANGE ME>").outcomes[0].status == Status::failed);
    CHECK(only(policy, "<CHANGE ME>").outcomes[0].status == Status::skipped);
  }
  SECTION("nothing is to be looked up") {
    policy.offline = true;
    const auto page = only(policy, kWeb);
    CHECK(page.outcomes[0].status == Status::left);
    CHECK_FALSE(page.changed);
  }
  SECTION("a template's expression") {
    const auto page = only(policy, "\"{{ .Values.image }}\"");
    CHECK(page.outcomes[0].status == Status::expression);
    CHECK_FALSE(page.changed);
  }
  SECTION("no object, unless everything is looked into") {
    Batch batch(built_in(), policy);
    batch.add("values.yaml", "spec:\n  containers:\n  - image: r.example/team/web:1.10\n");
    CHECK(batch.questions().empty());
    batch.conclude();
    CHECK(batch.pages()[0].outcomes.at(0).status == Status::skipped);
    policy.any_object = true;
    Batch all(built_in(), policy);
    all.add("values.yaml", "spec:\n  containers:\n  - image: r.example/team/web:1.10\n");
    CHECK(all.questions().size() == 1);
  }
}

TEST_CASE("a substitute comes first; one without a digest is looked up") {
  Policy policy;
  policy.substitutes.push_back([](std::string_view image) -> std::optional<std::string> {
    if (image == "app") return "r.example/team/web:1.10";
    if (image == "ko://example.com/app") return "r.example/app@" + kWebDigest;
    return std::nullopt;
  });
  SECTION("looked up") {
    const auto page = only(policy, "app # built");
    CHECK(page.outcomes[0].status == Status::replaced);
    CHECK(page.result() == pod(" r.example/team/web:1.10@" + kWebDigest + " # built"));
  }
  SECTION("as it is, offline") {
    policy.offline = true;
    const auto page = only(policy, "app # built");
    CHECK(page.outcomes[0].status == Status::replaced);
    CHECK(page.result() == pod(" r.example/team/web:1.10 # built"));
  }
  SECTION("with a digest") {
    policy.offline = true;
    CHECK(only(policy, "ko://example.com/app").result() == pod(" r.example/app@" + kWebDigest));
  }
  SECTION("ko:// without one is a failure with its cure") {
    const auto page = only(policy, "ko://example.com/other");
    CHECK(page.outcomes[0].status == Status::failed);
    CHECK(page.outcomes[0].why.message.find("unresolved ko:// reference ko://example.com/other") == 0);
    CHECK(page.outcomes[0].why.message.find("--image-map") != std::string::npos);
  }
}

TEST_CASE("the tag can go") {
  Policy policy;
  policy.digest_only = true;
  CHECK(only(policy, kWeb).result() == pod(" r.example/team/web@" + kWebDigest));
}

TEST_CASE("the new text is the same whoever verifies it") {
  const auto concluded = [](Batch::Verify verify) {
    Batch batch(built_in(), {});
    batch.add("pod.yaml", pod(" r.example/team/web:1.10"));
    for (std::size_t i = 0; i < batch.questions().size(); ++i)
      batch.answer(i, test::digest_of(kWeb));
    batch.conclude(verify);
    return std::string(batch.pages()[0].result());
  };
  CHECK(concluded(Batch::Verify::later) == concluded(Batch::Verify::now));
  CHECK(concluded(Batch::Verify::later) == pod(" r.example/team/web:1.10@" + kWebDigest));
}

TEST_CASE("a failure is told with its cause, and the other images are pinned") {
  Batch batch(built_in(), {});
  batch.add("a.yaml", pod(" r.example/team/web:1.10"));
  batch.add("b.yaml", pod(" r.example/team/gone:1"));
  batch.add("c.yaml", pod(" 'r.example/team/Web:1'"));
  batch.add("d.yaml", "a: [\n");
  REQUIRE(batch.questions().size() == 2);
  batch.answer(0, test::digest_of(kWeb));
  batch.answer(1, fail(ErrorKind::not_found, "r.example/team/gone:1: there is no such image"));
  batch.conclude();
  const auto& pages = batch.pages();
  CHECK(pages[0].outcomes[0].status == Status::pinned);
  CHECK(pages[1].outcomes[0].status == Status::failed);
  CHECK(pages[1].outcomes[0].why.kind == ErrorKind::not_found);
  CHECK_FALSE(pages[1].changed);
  CHECK(pages[2].outcomes[0].status == Status::failed);
  CHECK(pages[2].outcomes[0].why.kind == ErrorKind::invalid);
  REQUIRE(pages[3].problem);
  CHECK(pages[3].problem->message.starts_with("line "));
  CHECK(pages[3].result() == "a: [\n");
}

}  // namespace
}  // namespace digester::pin
