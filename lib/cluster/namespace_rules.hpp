// Which namespaces are ours, and what they say. Pure.
#pragma once

#include <string>
#include <string_view>
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

bool selects(const Selectors& selectors, json::Value labels);

// What a Namespace object says under these selectors.
webhook::NamespaceState state_of(json::Value object, const Selectors& selectors);

// A DNS label (RFC 1123), as a namespace's name must be: safe in a path.
bool is_namespace_name(std::string_view name);

}  // namespace digester::cluster
