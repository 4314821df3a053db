#include "prepare/prepare.hpp"

#include <catch2/catch.hpp>

#include "known/support.hpp"

namespace digester::prepare {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Lines = std::vector<std::string>;

const image::Digest kWeb = image::Digest::parse(test::kDigest).value();

struct Prepared {
  std::string suggested, expanded;
  Lines warnings;
};

Prepared prepare(const std::string& text, const Words& words) {
  const std::vector<Input> inputs{{"d.yaml", text}};
  auto made = Preparation::make(inputs, read_options(words).value()).value();
  Prepared out;
  out.suggested = made.suggested().value();
  out.expanded = made.expanded(std::vector(words.images.size(), kWeb)).value();
  out.warnings = made.warnings();
  return out;
}

std::string error(const std::string& text, const Words& words = {}) {
  const std::vector<Input> inputs{{"d.yaml", text}};
  auto made = Preparation::make(inputs, read_options(words).value());
  if (!made) return made.error().message;
  const auto expanded = made->expanded({});
  return expanded ? "" : expanded.error().message;
}

TEST_CASE("the scenario's Deployment") {
  const auto out = prepare(test::scenario("prepare/d.yaml"),
                           {.images = {"127.0.0.1:5000/team/web:1.10"}, .version = "1.10"});
  CHECK(out.expanded == test::scenario("prepare/expanded.yaml"));
  CHECK(out.suggested ==
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: web\n"
        "spec:\n"
        "  replicas: 1\n"
        "  selector:\n"
        "    matchLabels:\n"
        "      app: web\n"
        "  template:\n"
        "    metadata:\n"
        "      labels:\n"
        "        app: web\n"
        "    spec:\n"
        "      containers:\n"
        "      - image: 127.0.0.1:5000/team/web  # Will be set to actual image before deployment\n"
        "        name: web\n"
        "      initContainers:\n"
        "      - image: 127.0.0.1:5000/team/migrate:2\n"
        "        name: migrate\n");
  CHECK(out.warnings.empty());
}

TEST_CASE(
    "all values keep their meaning: quotes where letters look like something else, bare what was bare") {
  const auto out = prepare(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {a: \"1.10\", b: '010', c: 'yes', "
      "d: 'null', "
      "e: '', f: two}}\nn: [010, 1.10, yes, null, 0x1F, 1e3, 2001-01-01, ~]\nt: |\n  x\n   y\n",
      {});
  CHECK(out.expanded ==
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    a: \"1.10\"\n    b: \"010\"\n    c: "
        "\"yes\"\n"
        "    d: \"null\"\n    e: \"\"\n    f: two\n  labels:\n"
        "    app.kubernetes.io/managed-by: gcp-cloud-build-deploy\n  name: c\n  namespace: default\nn:\n- "
        "010\n- 1.10\n"
        "- yes\n- null\n- 0x1F\n- 1e3\n- 2001-01-01\n- ~\nt: |\n  x\n   y\n");
}

TEST_CASE("kinds with a template have the labels there too, CronJobs where theirs is") {
  const auto out = prepare(
      "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j, namespace: own}\nspec:\n  jobTemplate:\n    "
      "spec:\n"
      "      template:\n        spec:\n          containers: [{name: c, image: 'r/e:1'}]\n"
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: r/e}], "
      "initContainers: [{name: i, image: r/e}]}\n"
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
      {.images = {"r/e:2"}, .app = "shop", .labels = {"team=a"}});
  const std::string digest = "@" + test::kDigest;
  CHECK(
      out.expanded ==
      "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  labels:\n"
      "    app.kubernetes.io/managed-by: gcp-cloud-build-deploy\n    app.kubernetes.io/name: shop\n    team: "
      "a\n"
      "  name: j\n  namespace: own\nspec:\n  jobTemplate:\n    spec:\n      template:\n        metadata:\n"
      "          labels:\n            app.kubernetes.io/managed-by: gcp-cloud-build-deploy\n"
      "            app.kubernetes.io/name: shop\n            team: a\n        spec:\n          containers:\n"
      "          - image: r/e" +
          digest +
          "\n            name: c\n"
          "---\napiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n"
          "    app.kubernetes.io/managed-by: gcp-cloud-build-deploy\n    app.kubernetes.io/name: shop\n    "
          "team: a\n"
          "  name: p\n  namespace: default\nspec:\n  containers:\n  - image: r/e" +
          digest +
          "\n    name: c\n  initContainers:\n  - image: r/e\n    name: i\n"
          "---\napiVersion: v1\nkind: Service\nmetadata:\n  labels:\n"
          "    app.kubernetes.io/managed-by: gcp-cloud-build-deploy\n    app.kubernetes.io/name: shop\n    "
          "team: a\n"
          "  name: s\n  namespace: default\n");
}

TEST_CASE(
    "repositories are compared as runtimes understand them, the manifest's own tag and digest do not count") {
  const std::string pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: ";
  for (const auto& image : Lines{"nginx", "nginx:1", "docker.io/library/nginx:2", "nginx@" + test::kOther})
    CHECK_THAT(prepare(pod + "'" + image + "'}]}\n", {.images = {"nginx:1.27"}}).expanded,
               Contains("- image: nginx@" + test::kDigest + "\n"));
  for (const std::string image : {"nginx2", "r.example/library/nginx", "ko://nginx", ""}) {
    const auto out = prepare(pod + "'" + image + "'}]}\n", {.images = {"nginx:1.27"}});
    CHECK_THAT(out.expanded, !Contains("sha256"));
    CHECK(out.warnings == Lines{"no container has an image of nginx; does -i name it as the manifests do?"});
  }
}

TEST_CASE(
    "a namespace is made where it is missing, before what goes into it, and set where there can be one") {
  const std::string role =
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n";
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: own}\n";
  const auto out = prepare(role + "---\n" + map, {.app = "a", .name_space = "prod"});
  CHECK_THAT(out.suggested, StartsWith("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n---\n"));
  CHECK_THAT(out.suggested, Contains("namespace: own"));
  CHECK_THAT(out.expanded,
             StartsWith("apiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n"
                        "    app.kubernetes.io/managed-by: gcp-cloud-build-deploy\n  name: prod\n---\n"));
  CHECK_THAT(out.expanded, Contains("  name: c\n  namespace: prod\n"));
  CHECK_THAT(out.expanded, !Contains("  name: r\n  namespace"));
  const auto kept = prepare(map + "---\n" + role, {});
  CHECK_THAT(kept.expanded, Contains("namespace: own"));
  CHECK_THAT(kept.expanded, !Contains("namespace: default"));
  const auto there =
      prepare("apiVersion: v1\nkind: Namespace\nmetadata: {name: prod}\n", {.name_space = "prod"});
  CHECK_THAT(there.expanded, !Contains("---"));
  CHECK_THAT(prepare(map, {.name_space = "default"}).expanded, !Contains("Namespace"));
}

TEST_CASE("a definition among the objects says which of its kind have no namespace") {
  const auto out = prepare(
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: d}\n"
      "spec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n"
      "---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n"
      "---\napiVersion: other.com/v1\nkind: Thing\nmetadata: {name: o}\n",
      {});
  CHECK_THAT(out.expanded, !Contains("  name: t\n  namespace"));
  CHECK_THAT(out.expanded, !Contains("  name: d\n  namespace"));
  CHECK_THAT(out.expanded, Contains("  name: o\n  namespace: default\n"));
}

TEST_CASE("lists are taken apart") {
  const auto out = prepare(
      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
      "- apiVersion: v1\n  kind: PodList\n  items: [{metadata: {name: b}, spec: {containers: [{image: "
      "'r/e:1'}]}}]\n",
      {.images = {"r/e"}});
  CHECK_THAT(out.expanded, Contains("kind: ConfigMap"));
  CHECK_THAT(out.expanded, Contains("kind: Pod\n"));
  CHECK_THAT(out.expanded, Contains("image: r/e@" + test::kDigest));
  CHECK_THAT(out.expanded, !Contains("List"));
}

TEST_CASE("labels that are there stay, with a warning, but for those that are forced") {
  const auto out = prepare(
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels:\n    app.kubernetes.io/name: old\n"
      "    app.kubernetes.io/managed-by: helm\n    team: b\n",
      {.app = "new", .labels = {"team=a"}});
  CHECK_THAT(out.expanded, Contains("app.kubernetes.io/name: old"));
  CHECK_THAT(out.expanded, Contains("managed-by: gcp-cloud-build-deploy"));
  CHECK_THAT(out.expanded, Contains("team: a"));
  CHECK(out.warnings ==
        Lines{"d.yaml:6: the label app.kubernetes.io/name of ConfigMap c is \"old\" already and stays"});
}

TEST_CASE("without inputs it starts with a Deployment of the image") {
  auto made = Preparation::make({}, read_options({.images = {"r.example/team/my_app:1"}}).value()).value();
  CHECK_THAT(made.suggested().value(), Contains("- image: r.example/team/my_app  # Will be set"));
  const auto expanded = made.expanded(std::vector{kWeb}).value();
  CHECK_THAT(expanded, Contains("  name: my-app\n  namespace: default\nspec:\n  replicas: 3\n"));
  CHECK_THAT(expanded, Contains("- image: r.example/team/my_app@" + test::kDigest));
  CHECK_THAT(expanded, Contains("kind: HorizontalPodAutoscaler"));
  CHECK_THAT(expanded, Contains("averageUtilization: 80"));
}

TEST_CASE("what is no object is told with file and line") {
  CHECK(error("a: 1\n") ==
        "d.yaml: line 1: no Kubernetes object: it has no apiVersion and kind; name the files that are to be "
        "applied");
  CHECK_THAT(error("- a\n"), StartsWith("d.yaml: line 1: no Kubernetes object"));
  CHECK_THAT(error("a: [\n"), StartsWith("d.yaml: line "));
  CHECK_THAT(error("{{ if x }}\n"), StartsWith("d.yaml: line 1"));
  CHECK_THAT(error("# nothing\n"), StartsWith("there is no object"));
  CHECK_THAT(error("apiVersion: v1\nkind: Pod\nmetadata: text\n"),
             StartsWith("d.yaml: line 3: metadata is no mapping"));
  CHECK_THAT(error("apiVersion: v1\nkind: Pod\nmetadata:\n  labels: text\n"),
             StartsWith("d.yaml: line 1: the labels of Pod  are no mapping"));
  CHECK_THAT(error("apiVersion: v1\nkind: Pod\nkind: Pod\n"),
             StartsWith("d.yaml: line 3: the key \"kind\" is there twice"));
}

}  // namespace
}  // namespace digester::prepare
