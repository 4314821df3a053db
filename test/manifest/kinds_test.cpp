// Kinds that have images in places of their own, and places that the user adds.
#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::manifest {
namespace {

using test::images_in;
using Lines = std::vector<std::string>;

TEST_CASE("Tekton: tasks, their runs, pipelines") {
  const std::string task =
      "{steps: [{name: s, image: x:1}], sidecars: [{image: x:2}], stepTemplate: {image: x:3}}";
  const auto expected = [](const std::string& at) {
    return Lines{at + "steps[0].image s x:1", at + "sidecars[0].image x:2", at + "stepTemplate.image x:3"};
  };
  const auto object = [&](const std::string& kind, const std::string& spec) {
    return images_in("apiVersion: tekton.dev/v1\nkind: " + kind + "\nspec: " + spec + "\n");
  };
  CHECK(object("Task", task) == expected("spec."));
  CHECK(object("ClusterTask", task) == expected("spec."));
  CHECK(object("TaskRun", "{taskSpec: " + task + "}") == expected("spec.taskSpec."));
  CHECK(object("Pipeline", "{tasks: [{name: t, taskSpec: " + task + "}]}") ==
        expected("spec.tasks[0].taskSpec."));
  CHECK(object("Pipeline", "{finally: [{name: t, taskSpec: " + task + "}]}") ==
        expected("spec.finally[0].taskSpec."));
  CHECK(object("PipelineRun", "{pipelineSpec: {tasks: [{}, {taskSpec: " + task + "}]}}") ==
        expected("spec.pipelineSpec.tasks[1].taskSpec."));
  CHECK(object("StepAction", "{image: x:1}") == Lines{"spec.image x:1"});
  CHECK(object("Pipeline", task).empty());
  CHECK(images_in("apiVersion: other.dev/v1\nkind: Task\nspec: " + task + "\n").empty());
  CHECK(object("Task", "{steps: [{image: $(params.i)}]}") ==
        Lines{"spec.steps[0].image $(params.i) expression"});
}

TEST_CASE("Argo Workflows: templates of every type") {
  const std::string spec =
      "{templates: [{name: t, container: {image: x:1}}, {script: {image: x:2}},\n"
      " {initContainers: [{name: i, image: x:3}], sidecars: [{image: x:4}]},\n"
      " {containerSet: {containers: [{name: s, image: x:5}]}}], templateDefaults: {container: {image: x:6}}}";
  const auto expected = [](const std::string& at) {
    return Lines{at + "templates[0].container.image x:1",
                 at + "templates[1].script.image x:2",
                 at + "templates[2].initContainers[0].image i x:3",
                 at + "templates[2].sidecars[0].image x:4",
                 at + "templates[3].containerSet.containers[0].image s x:5",
                 at + "templateDefaults.container.image x:6"};
  };
  for (const std::string kind : {"Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"})
    CHECK(images_in("apiVersion: argoproj.io/v1alpha1\nkind: " + kind + "\nspec: " + spec) ==
          expected("spec."));
  CHECK(images_in("apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nspec: {workflowSpec: " + spec +
                  "}") == expected("spec.workflowSpec."));
  CHECK(images_in("apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: " + spec).empty());
}

TEST_CASE("OLM: related images and an operator's deployments") {
  CHECK(
      images_in(
          "apiVersion: operators.coreos.com/v1alpha1\nkind: ClusterServiceVersion\nspec:\n"
          "  relatedImages: [{name: r, image: x:1}]\n"
          "  install: {spec: {deployments: [{spec: {template: {spec: {containers: [{image: x:2}]}}}}]}}\n") ==
      Lines{"spec.relatedImages[0].image r x:1",
            "spec.install.spec.deployments[0].spec.template.spec.containers[0].image x:2"});
  CHECK(images_in("schema: olm.bundle\nrelatedImages: [{image: x:1}]\n") ==
        Lines{"relatedImages[0].image x:1"});
}

TEST_CASE("Knative services and Rollouts are pod templates") {
  CHECK(images_in("apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: {spec: {containers: "
                  "[{image: x:1}]}}}") == Lines{"spec.template.spec.containers[0].image x:1"});
}

Rules with(const std::string& path, const std::string& kind = {}, const std::string& group = {},
           const std::string& version = {}) {
  const FieldSpec spec{path, kind, group, version};
  return Rules::make({&spec, 1}).value();
}

TEST_CASE("further paths, as kustomize writes them") {
  const std::string text =
      "apiVersion: ci.example/v1\nkind: Build\nspec: {steps: [{image: x:1}], images: [x:2, x:3], image: "
      "x:4}\n";
  CHECK(images_in(text, with("spec/steps[]/image")) == Lines{"spec.steps[0].image x:1"});
  CHECK(images_in(text, with("spec/steps/image")) == Lines{"spec.steps[0].image x:1"});
  CHECK(images_in(text, with("spec/images[]")) == Lines{"spec.images[0] x:2", "spec.images[1] x:3"});
  CHECK(images_in(text, with("spec/images")) == Lines{"spec.images[0] x:2", "spec.images[1] x:3"});
  CHECK(images_in(text, with("spec/image", "Build", "ci.example", "v1")) == Lines{"spec.image x:4"});
  CHECK(images_in(text, with("spec/image", "Other")).empty());
  CHECK(images_in(text, with("spec/image", "", "other.example")).empty());
  CHECK(images_in(text, with("spec/image", "", "", "v2")).empty());
  CHECK(images_in("apiVersion: v1\nmetadata: {annotations: {a.b/image: x:1}}\n",
                  with("metadata/annotations/a.b\\/image")) ==
        Lines{"metadata.annotations[\"a.b/image\"] x:1"});
  // The others stay.
  CHECK(images_in("spec: {containers: [{image: x:1}]}\n", with("spec/image")) ==
        Lines{"spec.containers[0].image x:1"});
}

TEST_CASE("paths that can fit nothing are refused") {
  const auto refused = [](const std::string& path) {
    const FieldSpec spec{path};
    const auto rules = Rules::make({&spec, 1});
    return rules ? std::string() : rules.error().message;
  };
  for (const auto* path : {"", "/spec/image", "spec//image", "spec/", "spec/[]/image"})
    CHECK_THAT(refused(path), Catch::Contains("has an empty key"));
  for (const auto* path : {"spec/*/image", "spec/steps[0]/image", "$.spec.image", "spec/(a|b)"})
    CHECK_THAT(refused(path), Catch::Contains("keys, / and [] alone"));
  CHECK_FALSE(refused(std::string(2'000, 'x')).empty());
  std::vector<FieldSpec> many;
  for (int i = 0; i < 1'000; ++i)
    many.push_back({"spec/k" + std::to_string(i)});
  CHECK_FALSE(Rules::make(many));
}

}  // namespace
}  // namespace digester::manifest
