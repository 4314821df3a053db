// The ways a digest webhook does harm, each from a captured review: a request that would not have changed
// what runs must not change it because of us (rules 1 and 2).
#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

const Registry kNothingKnown;

TEST_CASE("H1: scaling a Deployment older than we are makes no new ReplicaSets") {
  // Its controller updates and creates ReplicaSets from a template without digests, and compares.
  CHECK(run(captured("update-replicaset-scale")).untouched());
  CHECK(run(captured("create-replicaset-by-controller")).untouched());
  // The Deployment itself, scaled by an update of the whole object.
  auto scaled = json_set(as_update(captured("create-deployment")), "/request/object/spec/replicas", "7");
  CHECK(run(scaled).untouched());
  CHECK(run(scaled).asked.empty());
}

TEST_CASE("H2: labels and finalizers of a running Pod do not restart its containers") {
  for (const auto* name : {"create-pod-full", "create-pod-by-replicaset"}) {
    CAPTURE(name);
    const auto update = as_update(captured(name));
    const auto labelled = json_set(update, "/request/object/metadata/labels", R"({"x":"y"})");
    CHECK(run(labelled).untouched());
    CHECK(run(labelled).asked.empty());
    CHECK(run(json_set(update, "/request/object/metadata/finalizers", R"(["a/b"])")).untouched());
    CHECK(run(json_set(update, "/request/object/spec/activeDeadlineSeconds", "9"), {}, kNothingKnown)
              .untouched());
  }
}

TEST_CASE("H3: annotating a Job leaves its immutable template alone") {
  const auto annotated =
      json_set(as_update(captured("create-job")), "/request/object/metadata/annotations/a", R"("b")");
  CHECK(run(annotated).untouched());
  CHECK(run(annotated).asked.empty());
  // A suspended Job's template may change in places, never in its images.
  const auto resumed = json_set(annotated, "/request/object/spec/template/spec/nodeSelector", R"({"a":"b"})");
  CHECK(run(resumed).untouched());
}

TEST_CASE("H4: annotating a Deployment starts no rollout") {
  for (const auto* name : {"create-deployment", "create-statefulset", "create-daemonset", "create-cronjob",
                           "create-replicationcontroller", "create-podtemplate"}) {
    CAPTURE(name);
    const auto annotated =
        json_set(as_update(captured(name)), "/request/object/metadata/labels", R"({"a":"b"})");
    CHECK(run(annotated).untouched());
    CHECK(run(annotated).asked.empty());
    CHECK(run(annotated, {}, kNothingKnown).untouched());
  }
  CHECK(run(captured("update-cronjob")).untouched());
  CHECK(run(captured("update-cronjob")).asked.empty());
}

TEST_CASE("H5: applying an unchanged Job again after its tag moved gets its digest back") {
  const auto update = as_update(captured("create-job"));
  const auto pinned =
      json_set_string(update, std::string("/request/oldObject") + kTemplateImage, at(kMigrate, 'f'));
  const auto result = run(pinned);
  CHECK(result.image(kTemplateImage) == at(kMigrate, 'f'));
  CHECK(result.asked.empty());
  CHECK(result.answer.warnings.empty());
  CHECK(result.object == json_get(pinned, "/request/oldObject"));
}

TEST_CASE("H6: neither an outage nor a stale answer takes a digest away or rolls it back") {
  const auto update = as_update(captured("create-deployment"));
  const auto pinned =
      json_set_string(update, std::string("/request/oldObject") + kTemplateImage, at(kWeb, 'b'));
  for (const auto on_error : {OnError::refuse, OnError::admit_controlled, OnError::admit}) {
    Policy policy;
    policy.on_error = on_error;
    for (const auto kind :
         {ErrorKind::timed_out, ErrorKind::unavailable, ErrorKind::rate_limited, ErrorKind::not_found,
          ErrorKind::unauthorized, ErrorKind::unreachable, ErrorKind::protocol}) {
      const auto result = run(pinned, policy, {{kWeb, failing(kind)}});
      CHECK(result.answer.allowed);
      CHECK(result.image(kTemplateImage) == at(kWeb, 'b'));
      CHECK(result.reason() == "Patched");
      REQUIRE(result.answer.warnings.size() == 1);
      CHECK(result.answer.warnings[0].find("keeps its digest: 127.0.0.1:5000: ") != std::string::npos);
      CHECK(result.answer.unresolved.empty());
    }
    const auto stale = run(pinned, policy, {{kWeb, known('a', Source::stale, std::chrono::minutes(5))}});
    CHECK(stale.image(kTemplateImage) == at(kWeb, 'b'));
    CHECK(stale.warnings() == "digester: " + kWeb + " keeps its digest: 127.0.0.1:5000: no fresh answer\n");
    CHECK(stale.answer.stale.empty());
    const auto cached = run(pinned, policy, {{kWeb, known('a', Source::cache, std::chrono::seconds(5))}});
    CHECK(cached.image(kTemplateImage) == at(kWeb, 'b'));
    CHECK(cached.answer.warnings.size() == 1);
    CHECK(run(pinned, policy).image(kTemplateImage) == at(kWeb, 'a'));
  }
}

TEST_CASE("H7: a bare Pod applied again after its tag moved keeps its images, volumes included") {
  auto review = as_update(captured("create-pod-full"));
  const std::vector<std::pair<std::string, std::string>> images{
      {"/spec/containers/0/image", at(kWeb, 'd')},
      {"/spec/initContainers/0/image", at(kMigrate, 'e')},
      {"/spec/initContainers/1/image", at(kWeb, 'd')},
      {"/spec/volumes/1/image/reference", at(kModel, 'f')}};
  for (const auto& [pointer, image] : images)
    review = json_set_string(review, std::string("/request/oldObject") + pointer, image);
  const auto result = run(review);
  CHECK(result.object == json_get(review, "/request/oldObject"));
  CHECK(result.asked.empty());
  CHECK(result.answer.warnings.empty());
  SECTION("whatever the policy on applying again") {
    CHECK(run(review, {}, kNothingKnown, "resolve").object == result.object);
    const auto annotated =
        json_set(review, "/request/object/metadata/annotations/digester.dev~1on-reapply", R"("resolve")");
    CHECK(run(annotated).image(kPodImage) == at(kWeb, 'd'));
    CHECK(run(annotated).asked.empty());
  }
  SECTION("also where it is owned, and where its prefix is skipped now") {
    const auto owners = json_get(captured("create-pod-by-job"), "/request/object/metadata/ownerReferences");
    CHECK(run(json_set(review, "/request/object/metadata/ownerReferences", owners)).image(kPodImage) ==
          at(kWeb, 'd'));
    Policy policy;
    policy.skip_prefixes = {"127.0.0.1:5000/"};
    CHECK(run(review, policy).object == result.object);
  }
}

TEST_CASE("a Pod's image that the request changes is resolved, the others stay") {
  auto review = as_update(captured("create-pod-full"));
  review = json_set_string(review, std::string("/request/object") + kPodImage, kMigrate);
  const auto result = run(review);
  CHECK(result.patch ==
        R"([{"op":"replace","path":"/spec/containers/0/image","value":")" + at(kMigrate, 'b') + R"("}])");
  CHECK(result.asked == std::vector<std::string>{kMigrate});
  CHECK_FALSE(run(review, {}, kNothingKnown).answer.allowed);
}

TEST_CASE("a Job's changed image is the API server's to refuse") {
  const auto review =
      json_set_string(as_update(captured("create-job")), std::string("/request/object") + kTemplateImage,
                      "127.0.0.1:5000/team/migrate:3");
  CHECK(run(review).untouched());
  CHECK(run(review).asked.empty());
}

TEST_CASE("H8: changing an old Deployment elsewhere is never refused for an image it does not change") {
  const auto env = R"([{"name":"A","value":"b"}])";
  const auto review = json_set(as_update(captured("create-deployment")),
                               "/request/object/spec/template/spec/containers/0/env", env);
  for (const auto kind : {ErrorKind::not_found, ErrorKind::rate_limited, ErrorKind::timed_out}) {
    const auto result = run(review, {}, {{kWeb, failing(kind)}});
    CHECK(result.untouched());
    CHECK(result.reason() == "NotPatched");
    CHECK(result.answer.warnings.size() == 1);
    CHECK(result.answer.unresolved == kWeb);
  }
  SECTION("nor for one that never was a reference") {
    const auto result = run(with_image(review, kWeb, "not a reference"));
    CHECK(result.untouched());
    CHECK(result.asked.empty());
  }
  SECTION("and where it resolves it is pinned, since the rollout happens anyway") {
    CHECK(run(review).image(kTemplateImage) == at(kWeb, 'a'));
    CHECK(run(captured("update-deployment-restart")).image(kTemplateImage) == at(kWeb, 'a'));
  }
  SECTION("a stale answer will do: there is no digest to roll back") {
    const auto result = run(review, {}, {{kWeb, known('a', Source::stale, std::chrono::minutes(3))}});
    CHECK(result.image(kTemplateImage) == at(kWeb, 'a'));
    CHECK(result.stale_allowed == std::vector{true});
    CHECK(result.answer.warnings.size() == 1);
  }
  SECTION("a prefix to skip holds here too") {
    Policy policy;
    policy.skip_prefixes = {"127."};
    CHECK(run(review, policy).untouched());
    CHECK(run(review, policy).asked.empty());
  }
}

TEST_CASE("H8: what controllers create is not stopped by a registry, where the policy says so") {
  Policy policy;
  policy.on_error = OnError::admit_controlled;
  const auto result =
      run(captured("create-pod-by-replicaset"), policy, {{kWeb, failing(ErrorKind::rate_limited)}});
  CHECK(result.untouched());
  CHECK(result.reason() == "ErrorIgnored");
}

TEST_CASE("H10: with digest-only, a Job and a Pod applied again get their digest back") {
  Policy policy;
  policy.digest_only = true;
  const auto job =
      json_set_string(as_update(captured("create-job")), std::string("/request/oldObject") + kTemplateImage,
                      at("127.0.0.1:5000/team/migrate", 'f'));
  const auto result = run(job, policy);
  CHECK(result.object == json_get(job, "/request/oldObject"));
  CHECK(result.asked.empty());
  CHECK(result.answer.warnings.empty());

  const auto pod =
      json_set_string(as_update(captured("create-pod-dry-run")),
                      std::string("/request/oldObject") + kPodImage, at("127.0.0.1:5000/team/web", 'f'));
  CHECK(run(pod, policy).image(kPodImage) == at("127.0.0.1:5000/team/web", 'f'));
  // A Pod's image can change, and a change of the tag alone cannot be seen any more.
  CHECK(run(pod, policy).warnings() ==
        "digester: " + kWeb + " keeps its digest: --digest-only cannot tell a changed tag\n");
  SECTION("without the flag it is a change of the user's") {
    CHECK(run(pod).image(kPodImage) == at(kWeb, 'a'));
  }
}

TEST_CASE("an UPDATE that says nothing of what was before is left alone") {
  for (const auto* old_object : {"null", "[]", "\"x\""}) {
    const auto review = json_set(as_update(captured("create-deployment")), "/request/oldObject", old_object);
    const auto result = run(review);
    CHECK(result.untouched());
    CHECK(result.warnings() == "digester: the update came without its oldObject: left alone\n");
  }
  const auto pinned = with_image(as_update(captured("create-deployment")), kWeb, at(kWeb, 'a'));
  CHECK(run(json_remove(pinned, "/request/oldObject")).answer.warnings.empty());
}

TEST_CASE("a new container of an UPDATE is resolved as new") {
  const auto review =
      json_set(as_update(captured("create-deployment")), "/request/object/spec/template/spec/containers/-",
               R"({"name":"more","image":")" + kMigrate + R"("})");
  const auto result = run(review);
  CHECK(result.image("/spec/template/spec/containers/1/image") == at(kMigrate, 'b'));
  CHECK(result.image(kTemplateImage) == at(kWeb, 'a'));
  // Rule 4 for the new one, rule 2 for the other.
  CHECK_FALSE(run(review, {}, {{kWeb, known('a')}}).answer.allowed);
  const auto partly = run(review, {}, {{kMigrate, known('b')}});
  CHECK(partly.answer.allowed);
  CHECK(partly.image("/spec/template/spec/containers/1/image") == at(kMigrate, 'b'));
  CHECK(partly.image(kTemplateImage) == kWeb);
}

TEST_CASE("a changed image takes the unchanged ones of its template along, not those of another template") {
  auto review = captured("create-deployment");
  review = json_set(review, "/request/object/template", json_get(review, "/request/object/spec/template"));
  review = json_set(review, "/request/object/spec/template/spec/initContainers",
                    R"([{"name":"i","image":")" + kModel + R"("}])");
  review = as_update(review);
  review = json_set_string(review, std::string("/request/object") + kTemplateImage, kMigrate);
  const auto result = run(review);
  CHECK(result.image(kTemplateImage) == at(kMigrate, 'b'));
  CHECK(result.image("/spec/template/spec/initContainers/0/image") == at(kModel, 'c'));
  CHECK(result.image("/template/spec/containers/0/image") == kWeb);
}

TEST_CASE("a container that is taken away changes the template") {
  auto review = captured("create-deployment");
  review = json_set(review, "/request/object/spec/template/spec/containers/-", R"({"name":"b","image":"b"})");
  review = json_remove(as_update(review), "/request/object/spec/template/spec/containers/1");
  CHECK(run(review).image(kTemplateImage) == at(kWeb, 'a'));
}

TEST_CASE("containers right under a custom resource's spec: unchanged ones stay whatever else changes") {
  auto review = json_set(captured("create-pod-dry-run"), "/request/kind",
                         R"({"group":"monitoring.coreos.com","version":"v1","kind":"Prometheus"})");
  CHECK(run(review).image(kPodImage) == at(kWeb, 'a'));
  review = json_set(as_update(review), "/request/object/spec/replicas", "3");
  CHECK(run(review).untouched());
  CHECK(run(review).asked.empty());
}

}  // namespace
}  // namespace digester::admission
