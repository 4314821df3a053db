// Whose pull secrets count for which object.
#include "krm/pull_contexts.hpp"

#include <catch2/catch.hpp>

namespace digester::krm {
namespace {

using Strings = std::vector<std::string>;

std::vector<PullContext> contexts(std::string_view text) {
  static const auto rules = manifest::Rules::make().value();
  return pull_contexts(text, manifest::find_images(text, rules).value()).value();
}

TEST_CASE("namespace, account and secrets of each object of a list") {
  const auto all = contexts(R"(
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- {kind: Pod, apiVersion: v1, metadata: {namespace: a}, spec: {containers: [], imagePullSecrets: [{name: s}, {name: t}]}}
- apiVersion: apps/v1
  kind: Deployment
  spec: {template: {spec: {serviceAccountName: robot, serviceAccount: old, containers: []}}}
- kind: CronJob
  spec: {jobTemplate: {spec: {template: {spec: {serviceAccount: old, initContainers: [], imagePullSecrets: [{name: s}, {name: s}]}}}}}
- kind: PodList
  items:
  - {kind: Pod, metadata: {namespace: b}, spec: {containers: []}}
)");
  REQUIRE(all.size() == 6);
  CHECK(all[0] == PullContext{});
  CHECK(all[1] == PullContext{"a", "default", {"s", "t"}});
  CHECK(all[2] == PullContext{"", "robot", {}});
  CHECK(all[3] == PullContext{"", "old", {"s"}});
  CHECK(all[4] == PullContext{});
  CHECK(all[5] == PullContext{"b", "default", {}});
}

TEST_CASE("Pods' specs count wherever their images are found") {
  const auto all = contexts(R"(
apiVersion: ray.io/v1
kind: RayCluster
metadata: {namespace: a}
spec:
  headGroupSpec: {template: {spec: {containers: [], serviceAccountName: head, imagePullSecrets: [{name: s}]}}}
  workerGroupSpecs:
  - template: {spec: {containers: [], serviceAccountName: worker, imagePullSecrets: [{name: t}]}}
status: {template: {spec: {containers: [], imagePullSecrets: [{name: u}]}}}
)");
  CHECK(all.at(0) == PullContext{"a", "head", {"s", "t"}});
}

TEST_CASE("documents one after another, with empty ones between") {
  const auto all = contexts(
      "kind: Pod\nmetadata: {namespace: a}\n---\n---\nkind: Pod\nmetadata: {namespace: b}\nspec: "
      "{containers: "
      "[], imagePullSecrets: [{name: s}]}\n");
  REQUIRE(all.size() >= 2);
  CHECK(all.front().namespace_name == "a");
  CHECK(all.back() == PullContext{"b", "default", {"s"}});
}

TEST_CASE("what is of another type counts as not there") {
  const auto all = contexts(
      "kind: Pod\nmetadata: {namespace: [a]}\nspec: {containers: [], serviceAccountName: {a: b}, "
      "imagePullSecrets: text}\n");
  CHECK(all.at(0) == PullContext{});
  CHECK(contexts("kind: Pod\nspec: {containers: [], imagePullSecrets: [text, {name: s}]}\n").at(0).secrets ==
        Strings{"", "s"});
}

}  // namespace
}  // namespace digester::krm
