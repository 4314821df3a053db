#include "cluster/namespace_rules.hpp"

#include <fmt/format.h>

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
    if (selectors.size() == certificate::kMostEntries)
      return fail(ErrorKind::invalid,
                  fmt::format("more than {} of its entries name our Service", certificate::kMostEntries));
    auto selector = kube::LabelSelector::from_json(entry.find("namespaceSelector"),
                                                   kube::LabelSelector::Absent::matches_everything);
    if (!selector) return fail(std::move(selector.error()));
    selectors.push_back(std::move(*selector));
  }
  return selectors;
}

NamespaceFacts read_facts(json::Value object) {
  const auto metadata = object.find("metadata");
  NamespaceFacts facts;
  for (const auto [key, value] : metadata.find("labels").members())
    if (const auto text = value.string()) facts.labels[std::string(key)] = std::string(*text);
  if (const auto policy = metadata.find("annotations").find(admission::kOnReapplyAnnotation).string())
    facts.on_reapply = std::string(*policy);
  return facts;
}

webhook::NamespaceState judge(const NamespaceFacts& facts, const Selectors& selectors) {
  const bool selected =
      std::any_of(selectors.begin(), selectors.end(),
                  [&](const kube::LabelSelector& selector) { return selector.matches(facts.labels); });
  return {selected, facts.on_reapply};
}

}  // namespace digester::cluster
