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
  CHECK(object("Pipeline", "{tasks: [{pipelineSpec: {finally: [{taskSpec: " + task + "}]}}]}") ==
        expected("spec.tasks[0].pipelineSpec.finally[0].taskSpec."));
  const auto template_of = [&](const std::string& spec) {
    return images_in(
        "apiVersion: triggers.tekton.dev/v1beta1\nkind: TriggerTemplate\nspec: {resourcetemplates: "
        "[{apiVersion: tekton.dev/v1, kind: Run, spec: " +
        spec + "}]}\n");
  };
  CHECK(template_of("{taskSpec: " + task + "}") == expected("spec.resourcetemplates[0].spec.taskSpec."));
  CHECK(template_of("{pipelineSpec: {tasks: [{taskSpec: " + task + "}]}}") ==
        expected("spec.resourcetemplates[0].spec.pipelineSpec.tasks[0].taskSpec."));
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
  for (const std::string trigger : {"argoWorkflow", "k8s"})
    CHECK(images_in("apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nspec: {triggers: [{template: {" +
                    trigger + ": {source: {resource: {spec: " + spec + "}}}}}]}") ==
          expected("spec.triggers[0].template." + trigger + ".source.resource.spec."));
  CHECK(
      images_in("apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nspec: {triggers: [{template: {k8s: {source: "
                "{resource: {spec: {containers: [{image: x:1}]}}}}}}]}") ==
      Lines{"spec.triggers[0].template.k8s.source.resource.spec.containers[0].image x:1"});
  CHECK(images_in("apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: " + spec).empty());
}

TEST_CASE("Argo Workflows: templates within the steps that use them") {
  const auto object = [](const std::string& kind, const std::string& templates) {
    return images_in("apiVersion: argoproj.io/v1alpha1\nkind: " + kind + "\nspec: {templates: [" + templates +
                     "]}\n");
  };
  const std::string dag = "{dag: {tasks: [{name: a, inline: {container: {image: x:1}}}]}}";
  const std::string steps = "{steps: [[{}, {inline: {script: {image: x:1}, sidecars: [{image: x:2}]}}]]}";
  for (const std::string kind : {"Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"}) {
    CHECK(object(kind, dag) == Lines{"spec.templates[0].dag.tasks[0].inline.container.image x:1"});
    CHECK(object(kind, steps) == Lines{"spec.templates[0].steps[0][1].inline.script.image x:1",
                                       "spec.templates[0].steps[0][1].inline.sidecars[0].image x:2"});
  }
}

TEST_CASE("KServe: Pod specs without a template around them") {
  const auto object = [](const std::string& kind, const std::string& spec) {
    return images_in("apiVersion: serving.kserve.io/v1beta1\nkind: " + kind + "\nspec: " + spec + "\n");
  };
  const std::string pod = "{containers: [{name: c, image: x:1}], initContainers: [{image: x:2}]}";
  const auto expected = [](const std::string& at) {
    return Lines{at + ".containers[0].image c x:1", at + ".initContainers[0].image x:2"};
  };
  for (const std::string part : {"predictor", "transformer", "explainer"})
    CHECK(object("InferenceService", "{" + part + ": " + pod + "}") == expected("spec." + part));
  CHECK(object("ClusterServingRuntime", "{workerSpec: " + pod + "}") == expected("spec.workerSpec"));
  for (const std::string kind : {"LLMInferenceService", "LLMInferenceServiceConfig"}) {
    CHECK(object(kind, "{worker: " + pod + "}") == expected("spec.worker"));
    CHECK(object(kind, "{prefill: {template: " + pod + "}}") == expected("spec.prefill.template"));
    CHECK(object(kind, "{router: {scheduler: {template: " + pod + "}}}") ==
          expected("spec.router.scheduler.template"));
  }
  CHECK(object("Other", "{predictor: " + pod + "}").empty());
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

TEST_CASE("a Pod's template is one wherever it stands") {
  const auto object = [](const std::string& api_version, const std::string& kind, const std::string& spec) {
    return images_in("apiVersion: " + api_version + "\nkind: " + kind + "\nspec: " + spec + "\n");
  };
  const std::string pod =
      "{spec: {containers: [{name: c, image: x:1}], initContainers: [{image: x:2}],\n"
      " volumes: [{name: v, image: {reference: x:3}}]}}";
  const auto expected = [](const std::string& at) {
    return Lines{at + ".spec.containers[0].image c x:1", at + ".spec.initContainers[0].image x:2",
                 at + ".spec.volumes[0].image.reference v x:3"};
  };
  CHECK(object("argoproj.io/v1alpha1", "AnalysisTemplate",
               "{metrics: [{provider: {job: {spec: {template: " + pod + "}}}}]}") ==
        expected("spec.metrics[0].provider.job.spec.template"));
  CHECK(object("ray.io/v1", "RayCluster", "{workerGroupSpecs: [{template: " + pod + "}]}") ==
        expected("spec.workerGroupSpecs[0].template"));
  CHECK(object("kubeflow.org/v1", "PyTorchJob", "{pytorchReplicaSpecs: {Worker: {template: " + pod + "}}}") ==
        expected("spec.pytorchReplicaSpecs.Worker.template"));
  CHECK(object("elasticsearch.k8s.elastic.co/v1", "Elasticsearch",
               "{nodeSets: [{podTemplate: " + pod + "}]}") == expected("spec.nodeSets[0].podTemplate"));
  CHECK(object("clickhouse.altinity.com/v1", "ClickHouseInstallation",
               "{templates: {podTemplates: [" + pod + "]}}") == expected("spec.templates.podTemplates[0]"));
  // Patterns and examples, what a controller tells, what is no template, lists of lists.
  CHECK(object("kyverno.io/v1", "ClusterPolicy",
               "{rules: [{validate: {pattern: {spec: {template: " + pod + "}}}}]}")
            .empty());
  CHECK(object("constraints.gatekeeper.sh/v1", "X", "{a: {template: " + pod + "}}").empty());
  CHECK(object("notkyverno.io/v1", "X", "{a: {template: " + pod + "}}") == expected("spec.a.template"));
  CHECK(
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "{a: {template: " + pod + "}}").empty());
  CHECK(images_in("apiVersion: template.openshift.io/v1\nkind: Template\nobjects: [{spec: {template: " + pod +
                  "}}]\n")
            .empty());
  CHECK(images_in("apiVersion: a/v1\nkind: X\nstatus: {a: {template: " + pod + "}}\n").empty());
  CHECK(object("a/v1", "X", "{a: " + pod + "}").empty());
  CHECK(object("a/v1", "X", "{a: {template: [" + pod + "]}}").empty());
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
  for (const std::string path : {"spec/grid[][]/image", "spec/grid[]/image", "spec/grid/image"})
    CHECK(images_in("kind: X\nspec: {grid: [[{image: x:1}]]}\n", with(path)) ==
          Lines{"spec.grid[0][0].image x:1"});
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
