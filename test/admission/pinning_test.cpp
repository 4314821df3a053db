// What gets a digest, what is left alone, and how new an answer has to be (rules 1 and 5).
#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

TEST_CASE("every captured creation is pinned where its images are") {
  struct Row {
    const char* review;
    const char* pointer;
    std::string image;
  };
  for (const auto& [review, pointer, image] : {
           Row{"create-cronjob", "/spec/jobTemplate/spec/template/spec/containers/0/image",
               at(kMigrate, 'b')},
           Row{"create-daemonset", kTemplateImage, at(kWeb, 'a')},
           Row{"create-deployment", kTemplateImage, at(kWeb, 'a')},
           Row{"create-deployment-server-side-apply", kTemplateImage, at(kWeb, 'a')},
           Row{"create-job", kTemplateImage, at(kMigrate, 'b')},
           Row{"create-pod-by-job", kPodImage, at(kMigrate, 'b')},
           Row{"create-pod-by-replicaset", kPodImage, at(kWeb, 'a')},
           Row{"create-pod-dry-run", kPodImage, at(kWeb, 'a')},
           Row{"create-podtemplate", "/template/spec/containers/0/image", at(kWeb, 'a')},
           Row{"create-replicationcontroller", kTemplateImage, at(kWeb, 'a')},
       }) {
    CAPTURE(review);
    const auto result = run(captured(review));
    CHECK(result.answer.allowed);
    CHECK(result.reason() == "Patched");
    CHECK(result.image(pointer) == image);
    CHECK(result.patch ==
          R"([{"op":"replace","path":")" + std::string(pointer) + R"(","value":")" + image + R"("}])");
    CHECK(result.answer.pinned == image);
    CHECK(result.answer.warnings.empty());
  }
}

TEST_CASE("all kinds of containers and image volumes of one Pod are pinned, each image asked once") {
  const auto result = run(captured("create-pod-full"));
  CHECK(result.asked == std::vector<std::string>{kWeb, kMigrate, kModel});
  CHECK(result.image("/spec/containers/0/image") == at(kWeb, 'a'));
  CHECK(result.image("/spec/containers/1/image") ==
        kWeb + "@sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098");
  CHECK(result.image("/spec/initContainers/0/image") == at(kMigrate, 'b'));
  CHECK(result.image("/spec/initContainers/1/image") == at(kWeb, 'a'));
  CHECK(result.image("/spec/volumes/1/image/reference") == at(kModel, 'c'));
  CHECK(result.answer.pinned == at(kWeb, 'a') + "," + at(kMigrate, 'b') + "," + at(kModel, 'c'));
  CHECK(result.answer.images.size() == 4);
}

TEST_CASE("a pinned object is left alone: asking twice changes nothing") {
  const auto first = run(captured("create-deployment"));
  const auto second = run(json_set(captured("create-deployment"), "/request/object", first.object));
  CHECK(second.untouched());
  CHECK(second.reason() == "NotPatched");
  CHECK(second.asked.empty());
}

TEST_CASE("the string is otherwise untouched") {
  for (const std::string image : {"nginx", "docker.io/nginx", "localhost:5000/x:Y_1", "Host.example/a/b"}) {
    const auto result =
        run(with_image(captured("create-deployment"), kWeb, image), {}, {{image, known('d')}});
    CHECK(result.image(kTemplateImage) == at(image, 'd'));
  }
}

TEST_CASE("digest-only drops the tag") {
  Policy policy;
  policy.digest_only = true;
  CHECK(run(captured("create-deployment"), policy).image(kTemplateImage) ==
        at("127.0.0.1:5000/team/web", 'a'));
}

TEST_CASE("empty, blank and placeholder images pass") {
  for (const std::string image : {"", "  ", "\\t", "auto"}) {
    const auto result = run(with_image(captured("create-deployment"), kWeb, image));
    CHECK(result.untouched());
    CHECK(result.asked.empty());
  }
  CHECK_FALSE(run(with_image(captured("create-deployment"), kWeb, "automatic")).asked.empty());
}

TEST_CASE("images with a prefix to skip are left alone") {
  Policy policy;
  policy.skip_prefixes = {"gcr.io/", "127.0.0.1:5000/team/w"};
  CHECK(run(captured("create-deployment"), policy).untouched());
  const auto result = run(captured("create-pod-full"), policy);
  CHECK(result.asked == std::vector<std::string>{kMigrate, kModel});
  CHECK(result.image("/spec/containers/0/image") == kWeb);
}

TEST_CASE("operations other than CREATE and UPDATE pass") {
  for (const auto* operation : {"DELETE", "CONNECT", "", "create"}) {
    const auto result = run(json_set_string(captured("create-deployment"), "/request/operation", operation));
    CHECK(result.untouched());
    CHECK(result.reason() == "NoMutationForOperation");
  }
}

TEST_CASE("the server's own namespace passes") {
  Policy policy;
  policy.own_namespace = "cap";
  CHECK(run(captured("create-deployment"), policy).reason() == "NoSelfManagement");
  CHECK(run(captured("create-deployment"), policy).untouched());
  policy.own_namespace = "ca";
  CHECK(run(captured("create-deployment"), policy).reason() == "Patched");
}

TEST_CASE("objects being deleted, mirror pods and those that opted out pass") {
  const auto pod = captured("create-pod-full");
  const std::string metadata = "/request/object/metadata";
  CHECK(run(json_set(pod, metadata + "/deletionTimestamp", R"("2026-11-23T07:06:45Z")")).why ==
        "being deleted");
  CHECK(run(json_set(pod, metadata + "/annotations/kubernetes.io~1config.mirror", R"("x")")).why ==
        "a mirror pod");
  const auto opted_out = run(json_set(pod, metadata + "/labels", R"({"digester.dev/pin":"false"})"));
  CHECK(opted_out.why == "opted out by label");
  CHECK(opted_out.untouched());
  CHECK(opted_out.reason() == "NotPatched");
  CHECK_FALSE(run(json_set(pod, metadata + "/labels", R"({"digester.dev/pin":"true"})")).untouched());
}

TEST_CASE("marks of ours that do nothing where they stand are told to who wrote them") {
  const auto pod = captured("create-pod-full");
  const auto said = [&](const std::string& place, const std::string& marks) {
    const auto result = run(json_set(pod, "/request/object/metadata/" + place, marks));
    CHECK_FALSE(result.untouched());
    return result.warnings();
  };
  CHECK(said("labels", R"({"digester.dev/pin":"no"})") ==
        "digester: label digester.dev/pin: \"no\" does nothing, \"false\" opts out\n");
  CHECK(said("annotations", R"({"digester.dev/pin":"false"})") ==
        "digester: annotation digester.dev/pin: ignored, it has to be a label\n");
  CHECK(said("labels", R"({"digester.dev/on-reapply":"keep"})") ==
        "digester: label digester.dev/on-reapply: ignored, it has to be an annotation\n");
  CHECK(said("labels", R"({"digester.dev/pin":"true"})").empty());
}

TEST_CASE("subresources pass, but for ephemeral containers") {
  for (const auto* name : {"status", "scale", "resize", "eviction", "ephemeralcontainers"}) {
    CAPTURE(name);
    const auto result = run(json_set_string(captured("create-deployment"), "/request/subResource", name));
    CHECK(result.untouched());
    CHECK(result.asked.empty());
  }
}

TEST_CASE("kubectl debug: only the new ephemeral container is resolved") {
  const auto result = run(captured("update-pod-ephemeralcontainers"));
  CHECK(result.patch == R"([{"op":"replace","path":"/spec/ephemeralContainers/0/image","value":")" +
                            at(kWeb, 'a') + R"("}])");
  CHECK(result.asked == std::vector<std::string>{kWeb});
  CHECK(result.freshness[0] == Freshness::current);
  SECTION("one that is there already keeps what it has") {
    const auto object = json_get(captured("update-pod-ephemeralcontainers"), "/request/object");
    auto review = json_set(captured("update-pod-ephemeralcontainers"), "/request/oldObject", object);
    CHECK(run(review).untouched());
    review = json_set_string(review, "/request/oldObject/spec/ephemeralContainers/0/image", at(kWeb, 'f'));
    CHECK(run(review).image("/spec/ephemeralContainers/0/image") == at(kWeb, 'f'));
    CHECK(run(review).asked.empty());
  }
  SECTION("also in a controller's Pod it is a person who debugs") {
    const auto owners =
        json_get(captured("create-pod-by-replicaset"), "/request/object/metadata/ownerReferences");
    const auto owned = json_set(captured("update-pod-ephemeralcontainers"),
                                "/request/object/metadata/ownerReferences", owners);
    CHECK(run(owned).freshness == std::vector{Freshness::current});
    Policy policy;
    policy.on_error = OnError::admit_controlled;
    CHECK_FALSE(run(owned, policy, {}).answer.allowed);
  }
}

TEST_CASE("what another controller owns passes, Pods and CronJobs' Jobs do not") {
  CHECK(run(captured("create-replicaset-by-controller")).why == "owned by a controller");
  CHECK(run(captured("create-replicaset-by-controller")).untouched());
  const auto owned_by = [](const char* version, const char* kind) {
    return std::string(R"([{"apiVersion":")") + version + R"(","kind":")" + kind +
           R"(","name":"n","uid":"u","controller":true}])";
  };
  const std::string owners = "/request/object/metadata/ownerReferences";
  const auto job = captured("create-job");
  CHECK(run(json_set(job, owners, owned_by("batch/v1", "CronJob"))).image(kTemplateImage) ==
        at(kMigrate, 'b'));
  CHECK(run(json_set(job, owners, owned_by("batch/v1beta1", "CronJob"))).reason() == "Patched");
  CHECK(run(json_set(job, owners, owned_by("jobset.x-k8s.io/v1alpha2", "JobSet"))).untouched());
  CHECK(run(json_set(job, owners, owned_by("example.com/v1", "CronJob"))).untouched());
  CHECK(run(json_set(captured("create-statefulset"), owners, owned_by("apps/v1", "X"))).untouched());
  CHECK(run(json_set(captured("create-pod-full"), owners, owned_by("example.com/v1", "Anything"))).reason() ==
        "Patched");
}

TEST_CASE("what a listed owner owns passes (H9)") {
  const auto pod = captured("create-pod-full");
  const auto owned_by = [&](const char* entry) {
    return json_set(pod, "/request/object/metadata/ownerReferences", std::string("[{}, ") + entry + "]");
  };
  const auto* cluster = R"({"apiVersion":"postgresql.cnpg.io/v1","kind":"Cluster","controller":true})";
  CHECK(run(owned_by(cluster)).why == "owned by one of --skip-owners");
  CHECK(run(owned_by(R"({"apiVersion":"acid.zalan.do/v1","kind":"postgresql"})")).untouched());
  CHECK(run(owned_by(R"({"apiVersion":"other.io/v1","kind":"Cluster","controller":true})")).reason() ==
        "Patched");
  Policy policy;
  policy.skip_owners = {{"other.io", "Cluster"}, {"", "Node"}};
  CHECK(run(owned_by(cluster), policy).reason() == "Patched");
  CHECK(run(owned_by(R"({"apiVersion":"other.io/v2","kind":"Cluster"})"), policy).untouched());
  CHECK(run(owned_by(R"({"apiVersion":"v1","kind":"Node"})"), policy).untouched());
}

TEST_CASE("people get a fresh answer, controllers a cached one (rule 5)") {
  for (const auto* review : {"create-deployment", "create-pod-dry-run", "create-job", "create-cronjob"}) {
    CAPTURE(review);
    CHECK(run(captured(review)).freshness == std::vector{Freshness::current});
    CHECK(run(captured(review)).stale_allowed == std::vector{true});
  }
  for (const auto* review : {"create-pod-by-job", "create-pod-by-replicaset"}) {
    CAPTURE(review);
    CHECK(run(captured(review)).freshness == std::vector{Freshness::cached});
    CHECK(run(captured(review)).stale_allowed == std::vector{true});
  }
}

TEST_CASE("a dry run of the API server's gets the very same answer") {
  const auto wet = json_set(captured("create-pod-dry-run"), "/request/dryRun", "false");
  CHECK(run(captured("create-pod-dry-run")).response == run(wet).response);
  CHECK(run(wet).reason() == "Patched");
}

TEST_CASE("custom resources with a pod template are pinned like our own") {
  const auto rollout = json_set(captured("create-deployment"), "/request/kind",
                                R"({"group":"argoproj.io","version":"v1alpha1","kind":"Rollout"})");
  CHECK(run(rollout).image(kTemplateImage) == at(kWeb, 'a'));
}

}  // namespace
}  // namespace digester::admission
