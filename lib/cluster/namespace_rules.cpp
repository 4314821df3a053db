#include "cluster/namespace_rules.hpp"

#include <algorithm>

#include "admission/review.hpp"

namespace digester::cluster {

Selectors default_selectors() {
  return {kube::LabelSelector::parse("digest-resolution=enabled").value()};
}

Result<Selectors> read_selectors(json::Value configuration, const certificate::ServiceName& service) {
  Selectors selectors;
  for (const auto entry : configuration.find("webhooks").elements()) {
    const auto named = entry.at({"clientConfig", "service"});
    if (named.find("name").string() != service.name || named.find("namespace").string() != service.name_space)
      continue;
    auto selector = kube::LabelSelector::from_json(entry.find("namespaceSelector"),
                                                   kube::LabelSelector::Absent::matches_everything);
    if (!selector) return fail(std::move(selector.error()));
    selectors.push_back(std::move(*selector));
  }
  return selectors;
}

bool selects(const Selectors& selectors, json::Value labels) {
  return std::any_of(selectors.begin(), selectors.end(),
                     [&](const kube::LabelSelector& selector) { return selector.matches(labels); });
}

webhook::NamespaceState state_of(json::Value object, const Selectors& selectors) {
  const auto metadata = object.find("metadata");
  webhook::NamespaceState state;
  state.selected = selects(selectors, metadata.find("labels"));
  if (const auto policy = metadata.find("annotations").find(admission::kOnReapplyAnnotation).string())
    state.on_reapply = std::string(*policy);
  return state;
}

bool is_namespace_name(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kLongest && alnum(name.front()) && alnum(name.back()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return alnum(c) || c == '-'; });
}

}  // namespace digester::cluster
