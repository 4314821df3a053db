// Rule 3: an UPDATE that takes our digest off again.
#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

const std::string kOldImage = std::string("/request/oldObject") + kTemplateImage;

// `kubectl apply` of the unchanged manifest over a Deployment that was pinned to `old_image`.
std::string applied_over(const std::string& old_image) {
  return json_set_string(as_update(captured("create-deployment")), kOldImage, old_image);
}

Policy keeping() {
  Policy policy;
  policy.on_reapply = OnReapply::keep;
  return policy;
}

TEST_CASE("by default the registry is asked anew") {
  const auto result = run(applied_over(at(kWeb, 'f')));
  CHECK(result.image(kTemplateImage) == at(kWeb, 'a'));
  CHECK(result.asked == std::vector<std::string>{kWeb});
  CHECK(result.freshness == std::vector{Freshness::current});
  CHECK(result.stale_allowed == std::vector{false});
  CHECK(result.answer.images.at(0).verdict == Verdict::pinned);
  CHECK(result.answer.warnings.empty());
}

TEST_CASE("an answer that has not moved brings the old object back, byte for byte") {
  const auto review = applied_over(at(kWeb, 'a'));
  const auto result = run(review);
  CHECK(result.object == json_get(review, "/request/oldObject"));
  CHECK(result.answer.images.at(0).verdict == Verdict::restored);
  CHECK(result.answer.images.at(0).source == Source::registry);
  CHECK(run(review, {}, {{kWeb, known('a', Source::cache)}}).answer.warnings.empty());
  CHECK(run(review, {}, {{kWeb, known('a', Source::stale)}}).answer.warnings.size() == 1);
}

TEST_CASE("keep puts the digest back and asks nobody") {
  const auto result = run(applied_over(at(kWeb, 'f')), keeping());
  CHECK(result.image(kTemplateImage) == at(kWeb, 'f'));
  CHECK(result.asked.empty());
  CHECK(result.answer.pinned == at(kWeb, 'f'));
  CHECK(result.reason() == "Patched");
}

TEST_CASE("the object's annotation goes before the namespace's, and that before the flag") {
  const auto review = applied_over(at(kWeb, 'f'));
  const std::string place = "/request/object/metadata/annotations/digester.dev~1on-reapply";
  const auto image = [&](const Policy& policy, const char* own,
                         std::optional<std::string_view> of_namespace) {
    return run(own != nullptr ? json_set_string(review, place, own) : review, policy, registry(),
               of_namespace)
        .image(kTemplateImage);
  };
  const Policy resolving;
  CHECK(image(resolving, "keep", std::nullopt) == at(kWeb, 'f'));
  CHECK(image(resolving, nullptr, "keep") == at(kWeb, 'f'));
  CHECK(image(resolving, "resolve", "keep") == at(kWeb, 'a'));
  CHECK(image(keeping(), "resolve", std::nullopt) == at(kWeb, 'a'));
  CHECK(image(keeping(), nullptr, "resolve") == at(kWeb, 'a'));
  CHECK(image(keeping(), "keep", "resolve") == at(kWeb, 'f'));
  SECTION("the old object's counts for nothing") {
    const auto old_keeps =
        json_set_string(review, "/request/oldObject/metadata/annotations/digester.dev~1on-reapply", "keep");
    CHECK(run(old_keeps).image(kTemplateImage) == at(kWeb, 'a'));
  }
  SECTION("another value is told and ignored") {
    const auto result = run(json_set_string(review, place, "Keep\n"), {}, registry(), "keep");
    CHECK(result.image(kTemplateImage) == at(kWeb, 'f'));
    CHECK(result.warnings() ==
          "digester: digester.dev/on-reapply: \"Keep\\x0a\" is neither keep nor resolve: ignored\n");
  }
}

TEST_CASE("digest-only: matched by repository, and not rolled out for its form alone") {
  Policy policy;
  policy.digest_only = true;
  const std::string name = "127.0.0.1:5000/team/web";
  CHECK(run(applied_over(at(name, 'f')), policy).image(kTemplateImage) == at(name, 'a'));
  CHECK(run(applied_over(at(name, 'f')), policy, {}).image(kTemplateImage) == at(name, 'f'));
  CHECK(run(applied_over(at(name, 'a')), policy).image(kTemplateImage) == at(name, 'a'));
  // Pinned with its tag before the flag was set; the digest has not moved.
  CHECK(run(applied_over(at(kWeb, 'a')), policy).image(kTemplateImage) == at(kWeb, 'a'));
  SECTION("keep by annotation is ignored, since the tag is lost") {
    const auto result = run(applied_over(at(name, 'f')), policy, registry(), "keep");
    CHECK(result.image(kTemplateImage) == at(name, 'a'));
    CHECK(result.warnings() == "digester: digester.dev/on-reapply: keep is ignored with --digest-only\n");
  }
}

TEST_CASE("a changed tag is a change, not an application again") {
  const auto review =
      json_set_string(applied_over(at(kWeb, 'f')), std::string("/request/object") + kTemplateImage, kMigrate);
  CHECK(run(review, keeping()).image(kTemplateImage) == at(kMigrate, 'b'));
  CHECK_FALSE(run(review, keeping(), {}).answer.allowed);
}

TEST_CASE("unchanged images are pinned along only where the template ends up different") {
  // Two containers: the first was pinned and is applied without its digest, the second never was.
  auto review = json_set(captured("create-deployment"), "/request/object/spec/template/spec/containers/-",
                         R"({"name":"old","image":")" + kMigrate + R"("})");
  review = json_set_string(as_update(review), kOldImage, at(kWeb, 'f'));
  const char* second = "/spec/template/spec/containers/1/image";
  SECTION("the digest moved: a rollout happens anyway") {
    const auto result = run(review);
    CHECK(result.image(kTemplateImage) == at(kWeb, 'a'));
    CHECK(result.image(second) == at(kMigrate, 'b'));
  }
  SECTION("the digest did not move") {
    const auto result = run(review, {}, {{kWeb, known('f')}, {kMigrate, known('b')}});
    CHECK(result.object == json_get(review, "/request/oldObject"));
    CHECK(result.answer.images.at(1).verdict == Verdict::untouched);
    CHECK(result.answer.warnings.empty());
  }
  SECTION("the registry does not answer") {
    const auto result = run(review, {}, {{kWeb, failing(ErrorKind::timed_out)}, {kMigrate, known('b')}});
    CHECK(result.object == json_get(review, "/request/oldObject"));
    CHECK(result.answer.warnings.size() == 1);
  }
  SECTION("the policy keeps it: nobody is asked") {
    const auto result = run(review, keeping());
    CHECK(result.object == json_get(review, "/request/oldObject"));
    CHECK(result.asked.empty());
  }
  SECTION("something else changes as well, and the policy keeps") {
    const auto changed = json_set(review, "/request/object/spec/template/spec/hostNetwork", "true");
    const auto result = run(changed, keeping());
    CHECK(result.image(kTemplateImage) == at(kWeb, 'f'));
    CHECK(result.image(second) == at(kMigrate, 'b'));
    CHECK(result.asked == std::vector<std::string>{kMigrate});
  }
}

TEST_CASE("one reference as new and as taken off: stale serves the first, never the second") {
  auto review =
      json_set(as_update(captured("create-deployment")), "/request/object/spec/template/spec/containers/-",
               R"({"name":"new","image":")" + kWeb + R"("})");
  review = json_set_string(review, kOldImage, at(kWeb, 'f'));
  const auto result = run(review, {}, {{kWeb, known('a', Source::stale, std::chrono::minutes(1))}});
  CHECK(result.asked == std::vector<std::string>{kWeb});
  CHECK(result.stale_allowed == std::vector{true});
  CHECK(result.image(kTemplateImage) == at(kWeb, 'f'));
  CHECK(result.image("/spec/template/spec/containers/1/image") == at(kWeb, 'a'));
  CHECK(result.answer.warnings.size() == 2);
}

TEST_CASE("a prefix to skip lets a Deployment lose its digest") {
  Policy policy;
  policy.skip_prefixes = {"127.0.0.1:5000/"};
  CHECK(run(applied_over(at(kWeb, 'f')), policy).untouched());
}

TEST_CASE("same names: the digest of another container is never put in") {
  auto review = json_set(captured("create-job"), "/request/object/spec/template/spec/containers/-",
                         R"({"name":"j","image":")" + kMigrate + R"("})");
  review = as_update(review);
  review =
      json_set_string(review, "/request/oldObject/spec/template/spec/containers/0/image", at(kMigrate, '1'));
  review =
      json_set_string(review, "/request/oldObject/spec/template/spec/containers/1/image", at(kMigrate, '2'));
  CHECK(run(review).object == json_get(review, "/request/oldObject"));
  const auto moved = json_set(review, "/request/object/spec/template/spec/containers/-",
                              R"({"name":"j","image":")" + kMigrate + R"("})");
  CHECK(run(moved).image("/spec/template/spec/containers/2/image") == kMigrate);
}

}  // namespace
}  // namespace digester::admission
