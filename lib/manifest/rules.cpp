#include "manifest/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/text.hpp"

namespace digester::manifest {
namespace {

constexpr std::size_t kMaxPathBytes = 1'024;
// Of a Pod's specification.
constexpr std::array<std::string_view, 4> kPodImages = {"containers[]/image", "initContainers[]/image",
                                                        "ephemeralContainers[]/image",
                                                        "volumes[]/image/reference"};
constexpr std::string_view kTekton = "tekton.dev";
constexpr std::string_view kTektonTriggers = "triggers.tekton.dev";
constexpr std::string_view kArgo = "argoproj.io";

std::string without_lists(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path.substr(i, 2) == "[]" && (i + 2 == path.size() || path[i + 2] == '/' || path[i + 2] == '['))
      ++i;
    else
      out += path[i];
  }
  return out;
}

// "a\/b/c[]" → "a/b", "c".
std::vector<std::string> keys_of(std::string_view path) {
  std::vector<std::string> keys(1);
  const auto bare = without_lists(path);
  for (std::size_t i = 0; i < bare.size(); ++i) {
    if (bare[i] == '\\' && i + 1 < bare.size() && bare[i + 1] == '/')
      keys.back() += bare[++i];
    else if (bare[i] == '/')
      keys.emplace_back();
    else
      keys.back() += bare[i];
  }
  return keys;
}

// A Pod's template, however deep: `spec/nodeSets[]/podTemplate/spec/containers[]/image`.
bool is_in_template(std::string_view path) {
  const auto tail = std::find_if(kPodImages.begin(), kPodImages.end(),
                                 [path](std::string_view image) { return path.ends_with(image); });
  if (tail == kPodImages.end() || path.starts_with("status/")) return false;
  path.remove_suffix(tail->size());
  return path.ends_with("emplate/spec/") || path.ends_with("emplates[]/spec/");
}

bool is_of(std::string_view group, std::string_view domain) {
  return group == domain || (group.ends_with(domain) && group[group.size() - domain.size() - 1] == '.');
}

// What has patterns and examples of Pods, or Pods that are yet to be made (OpenShift's Template), instead of
// Pods.
bool has_templates(std::string_view group, std::string_view kind) {
  return kind != "CustomResourceDefinition" && kind != "Template" && !is_of(group, "kyverno.io") &&
         !is_of(group, "gatekeeper.sh");
}

}  // namespace

void append_path_key(std::string& path, std::string_view key) {
  if (!path.empty()) path += '/';
  for (const char c : key) {
    if (c == '/') path += '\\';
    path += c;
  }
}

Rules::Rules() {
  for (const std::string_view key :
       {"apiVersion", "kind", "metadata", "name", "namespace", "annotations", "items", "image", "reference"})
    add_key(key);
  for (const std::string_view spec :
       {"spec/", "spec/template/spec/", "spec/jobTemplate/spec/template/spec/", "template/spec/"}) {
    const std::string prefix(spec);
    for (const auto tail : kPodImages)
      add_built_in(prefix + std::string(tail));
  }
  for (const std::string_view path : {"spec/relatedImages[]/image", "relatedImages[]/image"})
    add_built_in(path);

  const auto tekton_task = [this](std::string_view prefix, std::string_view kind,
                                  std::string_view group = kTekton) {
    for (const std::string_view tail :
         {"steps[]/image", "sidecars[]/image", "stepTemplate/image", "volumes[]/image/reference"})
      add_built_in(fmt::format("{}/{}", prefix, tail), group, kind);
  };
  tekton_task("spec", "Task");
  tekton_task("spec", "ClusterTask");
  tekton_task("spec/taskSpec", "TaskRun");
  add_built_in("spec/image", kTekton, "StepAction");
  const auto tekton_pipeline = [&](std::string_view spec, std::string_view kind,
                                   std::string_view group = kTekton) {
    for (const std::string_view tasks : {"tasks", "finally"}) {
      tekton_task(fmt::format("{}/{}[]/taskSpec", spec, tasks), kind, group);
      for (const std::string_view inner : {"tasks", "finally"})
        tekton_task(fmt::format("{}/{}[]/pipelineSpec/{}[]/taskSpec", spec, tasks, inner), kind, group);
    }
  };
  tekton_pipeline("spec", "Pipeline");
  tekton_pipeline("spec/pipelineSpec", "PipelineRun");
  // TaskRuns and PipelineRuns that an event makes.
  tekton_task("spec/resourcetemplates[]/spec/taskSpec", "TriggerTemplate", kTektonTriggers);
  tekton_pipeline("spec/resourcetemplates[]/spec/pipelineSpec", "TriggerTemplate", kTektonTriggers);

  // Pod specs without a template around them.
  const auto kserve = [this](std::string_view kind, std::initializer_list<std::string_view> specs) {
    for (const auto spec : specs)
      for (const auto tail : kPodImages)
        add_built_in(fmt::format("spec/{}/{}", spec, tail), "serving.kserve.io", kind);
  };
  kserve("InferenceService", {"predictor", "predictor/workerSpec", "transformer", "explainer"});
  for (const std::string_view kind : {"ServingRuntime", "ClusterServingRuntime"})
    kserve(kind, {"workerSpec"});
  for (const std::string_view kind : {"LLMInferenceService", "LLMInferenceServiceConfig"})
    kserve(kind, {"template", "worker", "prefill/template", "prefill/worker", "router/scheduler/template"});

  const auto argo = [this](std::string_view spec, std::string_view kind) {
    add_built_in(fmt::format("{}/volumes[]/image/reference", spec), kArgo, kind);
    for (const std::string_view place : {"templates[]", "templateDefaults", "templates[]/dag/tasks[]/inline",
                                         "templates[]/steps[][]/inline"})
      for (const std::string_view tail :
           {"container/image", "script/image", "initContainers[]/image", "sidecars[]/image",
            "containerSet/containers[]/image", "volumes[]/image/reference"})
        add_built_in(fmt::format("{}/{}/{}", spec, place, tail), kArgo, kind);
  };
  for (const std::string_view kind : {"Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"})
    argo("spec", kind);
  argo("spec/workflowSpec", "CronWorkflow");
  // Workflows and Pods that an event makes.
  for (const std::string_view trigger : {"argoWorkflow", "k8s"}) {
    const auto spec = fmt::format("spec/triggers[]/template/{}/source/resource/spec", trigger);
    argo(spec, "Sensor");
    for (const auto tail : kPodImages)
      add_built_in(fmt::format("{}/{}", spec, tail), kArgo, "Sensor");
  }
}

Result<Rules> Rules::make(std::span<const FieldSpec> more) {
  Rules rules;
  for (const auto& spec : more)
    if (auto added = rules.add(spec); !added) return fail(std::move(added.error()));
  return rules;
}

Result<void> Rules::add(const FieldSpec& spec) {
  const auto shown = text::printable(spec.path, 128);
  const auto keys = keys_of(spec.path);
  if (std::any_of(keys.begin(), keys.end(), [](const auto& key) { return key.empty(); }))
    return fail(ErrorKind::invalid, fmt::format("the image path \"{}\" has an empty key: write it as "
                                                "spec/steps[]/image",
                                                shown));
  if (spec.path.size() > kMaxPathBytes || keys_.size() + keys.size() >= kMaxKeys)
    return fail(ErrorKind::too_large, "more or longer image paths than anybody needs");
  if (spec.path.find_first_of("*?{}()$") != std::string::npos || spec.path.find("[]") != spec.path.find('['))
    return fail(ErrorKind::invalid,
                fmt::format("the image path \"{}\": a path has keys, / and [] alone, as in "
                            "spec/steps[]/image",
                            shown));
  add_keys(spec.path);
  loose_[without_lists(spec.path)].push_back({spec.group, spec.version, spec.kind, spec.group.empty()});
  return {};
}

void Rules::add_built_in(std::string_view path, std::string_view group, std::string_view kind) {
  add_keys(path);
  by_path_[std::string(path)].push_back({std::string(group), {}, std::string(kind), group.empty()});
}

void Rules::add_keys(std::string_view path) {
  Key last = kNoKey;
  for (const auto& key : keys_of(path))
    last = add_key(key);
  leaves_.set(last);
}

Key Rules::add_key(std::string_view text) {
  const auto [place, is_new] = keys_.try_emplace(std::string(text), static_cast<Key>(keys_.size() + 1));
  if (is_new) texts_.emplace_back(text);
  return place->second;
}

Key Rules::key(std::string_view text) const {
  // None that is known is longer than a path.
  if (text.size() > kMaxPathBytes) return kNoKey;
  // Short ones, as most are, stay within the string.
  const auto found = keys_.find(std::string(text));
  return found == keys_.end() ? kNoKey : found->second;
}

std::string_view Rules::text(Key key) const {
  return key == kNoKey ? std::string_view() : std::string_view(texts_[key - 1]);
}

bool Rules::knows(std::string_view path) const {
  return is_in_template(path) || by_path_.contains(std::string(path)) ||
         (!loose_.empty() && loose_.contains(without_lists(path)));
}

bool Rules::fits(std::string_view path, std::string_view api_version, std::string_view kind) const {
  const auto slash = api_version.find('/');
  const auto group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  const auto version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
  const auto any = [&](const auto& rules, const std::string& wanted) {
    const auto found = rules.find(wanted);
    if (found == rules.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const Rule& rule) {
      return (rule.any_group || rule.group == group) && (rule.version.empty() || rule.version == version) &&
             (rule.kind.empty() || rule.kind == kind);
    });
  };
  return (is_in_template(path) && has_templates(group, kind)) || any(by_path_, std::string(path)) ||
         (!loose_.empty() && any(loose_, without_lists(path)));
}

}  // namespace digester::manifest
