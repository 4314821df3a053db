#include "app/image_configs.hpp"

#include <catch2/catch.hpp>

#include "app/image_rules.hpp"
#include "support/temporary_directory.hpp"

using namespace digester;
using Catch::Contains;

namespace {

std::vector<manifest::FieldSpec> specs(const std::string& path) {
  const auto read = app::read_image_config(path);
  if (!read) FAIL(read.error().message);
  return *read;
}

std::string error(const std::string& path) {
  const auto read = app::read_image_config(path);
  REQUIRE(!read);
  return read.error().message;
}

constexpr const char* kConfig =
    "images:\n- path: spec/steps[]/image\n  kind: Task\n  group: tekton.dev\n- path: spec/base\n  create: "
    "true\n"
    "namePrefix:\n- path: metadata/name\n";

}  // namespace

TEST_CASE("a configuration of kustomize's names places of images") {
  const test::TemporaryDirectory directory;
  const auto found = specs(directory.write("images.yaml", kConfig));
  REQUIRE(found.size() == 2);
  CHECK(found[0].path == "spec/steps[]/image");
  CHECK(found[0].kind == "Task");
  CHECK(found[0].group == "tekton.dev");
  CHECK(found[1].path == "spec/base");
  CHECK(found[1].kind.empty());
}

TEST_CASE("a kustomization names them by its configurations, which lie beside it; its own images are none") {
  const test::TemporaryDirectory directory;
  directory.write("config/images.yaml", kConfig);
  directory.write("config/other.yaml", "namePrefix:\n- path: metadata/name\n");
  const auto file = directory.write(
      "prod/kustomization.yaml",
      "configurations: [../config/images.yaml, ../config/other.yaml]\nimages:\n- name: web\n");
  CHECK(specs(file).size() == 2);
  CHECK(specs(directory / "prod").size() == 2);
  CHECK(specs(directory.write("plain/kustomization.yaml", "resources: [a.yaml]\nimages: [{name: web}]\n"))
            .empty());
}

TEST_CASE("a file of kustomize's name is a kustomization whatever it holds") {
  const test::TemporaryDirectory directory;
  for (const std::string name : {"kustomization.yaml", "kustomization.yml", "Kustomization"})
    for (const std::string text :
         {"components: [../c]\n", "bases: [../b]\n", "namespace: prod\n", "configMapGenerator:\n- name: a\n",
          "helmCharts:\n- name: a\nimages:\n- name: web\n  newTag: \"1\"\n", "# nothing\n"})
      CHECK(specs(directory.write(name, text)).empty());
}

TEST_CASE("what names no places is told, with its file and line") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(error(directory.write("a.yaml", "a: 1\n")), Contains("a.yaml: it names no places of images"));
  CHECK_THAT(error(directory.write("b.yaml", "images:\n- path: x\n- name: web\n")),
             Contains("b.yaml: line 3: an image path has path, kind, group and version, no \"name\""));
  CHECK_THAT(error(directory.write("c.yaml", "a: [\n")), Contains("c.yaml: line "));
  CHECK_THAT(error(directory / "none.yaml"), Contains("none.yaml: cannot be read: No such file"));
  CHECK_THAT(error(directory.path().string()), Contains("no kustomization.yaml"));
  directory.write("two/kustomization.yaml", "");
  directory.write("two/Kustomization", "");
  CHECK_THAT(error(directory / "two"), Contains("one of them alone"));
}

TEST_CASE("places from flags and files come together in the rules") {
  const test::TemporaryDirectory directory;
  const std::vector<std::string> paths{"spec/mine,kind=Mine"}, configs{directory.write("i.yaml", kConfig)};
  const auto rules = app::image_rules(paths, configs);
  REQUIRE(rules);
  CHECK(rules->fits("spec/steps[]/image", "tekton.dev/v1", "Task"));
  CHECK(rules->fits("spec/mine", "v1", "Mine"));
  CHECK(rules->fits("spec/base", "v1", "Any"));
  CHECK(!rules->fits("spec/mine", "v1", "Other"));
  const std::vector<std::string> wrong{"spec/mine,knid=Mine"};
  CHECK_THAT(app::image_rules(wrong).error().message, Contains("--image-path: "));
}
