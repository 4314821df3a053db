#include "prepare/templates.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace digester::prepare {
namespace {

using yaml::Tree;

Tree number(int value) {
  Tree tree;
  tree.scalar = std::to_string(value);
  return tree;
}

Tree mapping(std::initializer_list<std::pair<std::string_view, Tree>> members) {
  auto tree = Tree::mapping();
  for (const auto& [key, value] : members)
    tree.at(key) = value;
  return tree;
}

Tree list_of(Tree item) {
  auto tree = Tree::sequence();
  tree.items.push_back(std::move(item));
  return tree;
}

Tree text(std::string_view value) {
  return Tree::text(std::string(value));
}

Tree object(std::string_view api_version, std::string_view kind, std::string_view name) {
  return mapping({{"apiVersion", text(api_version)},
                  {"kind", text(kind)},
                  {"metadata", mapping({{"name", text(name)}})}});
}

}  // namespace

Object make_namespace(std::string_view name) {
  return {object("v1", "Namespace", name), {}};
}

std::vector<Object> make_deployment(const image::Reference& image) {
  auto name = image.path().substr(image.path().rfind('/') + 1);
  // Repositories may have what names of objects may not.
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '_' || c == '.'; }, '-');
  const auto labels = mapping({{"app", text(name)}});
  auto deployment = object("apps/v1", "Deployment", name);
  const auto pod =
      mapping({{"containers", list_of(mapping({{"name", text(name)}, {"image", text(image.original())}}))}});
  deployment.at("spec") =
      mapping({{"replicas", number(3)},
               {"selector", mapping({{"matchLabels", labels}})},
               {"template", mapping({{"metadata", mapping({{"labels", labels}})}, {"spec", pod}})}});
  auto scaler = object("autoscaling/v2", "HorizontalPodAutoscaler", name + "-hpa");
  const auto target = mapping({{"type", text("Utilization")}, {"averageUtilization", number(80)}});
  const auto metric = mapping(
      {{"type", text("Resource")}, {"resource", mapping({{"name", text("cpu")}, {"target", target}})}});
  scaler.at("spec") = mapping(
      {{"scaleTargetRef",
        mapping({{"apiVersion", text("apps/v1")}, {"kind", text("Deployment")}, {"name", text(name)}})},
       {"minReplicas", number(1)},
       {"maxReplicas", number(5)},
       {"metrics", list_of(metric)}});
  return {{std::move(deployment), {}}, {std::move(scaler), {}}};
}

}  // namespace digester::prepare
