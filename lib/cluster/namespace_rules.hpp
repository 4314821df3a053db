// Which namespaces are ours, and what they say. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "certificate/bundle.hpp"
#include "json/value.hpp"
#include "kube/text/label_selector.hpp"
#include "webhook/namespaces.hpp"

namespace digester::cluster {

// A namespace is selected if one of them matches: a configuration may hold several entries of ours.
using Selectors = std::vector<kube::LabelSelector>;

// As k8s-digester's manifests have it, where no configuration says otherwise.
Selectors default_selectors();

// The namespaceSelector of every entry of a MutatingWebhookConfiguration whose clientConfig.service is ours.
// Empty: it has none. ErrorKind::invalid: one of them cannot be read.
Result<Selectors> read_selectors(json::Value configuration, const certificate::ServiceName& service);

// What of a Namespace object matters, kept so that the selectors may change.
struct NamespaceFacts {
  kube::LabelSelector::Labels labels;
  std::optional<std::string> on_reapply;
};
NamespaceFacts read_facts(json::Value object);

webhook::NamespaceState judge(const NamespaceFacts& facts, const Selectors& selectors);

}  // namespace digester::cluster
