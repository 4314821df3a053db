#include "admission/pull_context.hpp"

#include <algorithm>
#include <array>

namespace digester::admission {
namespace {

json::Value pod_spec(json::Value object, SpecPath path) {
  return path == SpecPath::spec ? object.find("spec") : pod_template(object, path).find("spec");
}

bool is_pod_spec(json::Value spec) {
  for (const auto list : {List::containers, List::init_containers, List::ephemeral_containers, List::volumes})
    if (spec.find(to_string(list)).is_array()) return true;
  return false;
}

PullIdentity identity_of(json::Value spec, SpecPath path) {
  PullIdentity identity;
  identity.spec = path;
  for (const std::string_view key : {"serviceAccount", "serviceAccountName"})
    if (const auto name = spec.find(key).string_or(""); !name.empty()) identity.service_account = name;
  for (const auto entry : spec.find("imagePullSecrets").elements()) {
    if (identity.pull_secrets.size() == kMaxPullSecrets) break;
    identity.pull_secrets.push_back(entry.find("name").string_or(""));
  }
  return identity;
}

std::vector<PullIdentity> pods_of(json::Value object) {
  std::vector<PullIdentity> pods;
  for (const auto path :
       {SpecPath::spec, SpecPath::template_spec, SpecPath::job_template_spec, SpecPath::pod_template_spec})
    if (const auto spec = pod_spec(object, path); is_pod_spec(spec)) pods.push_back(identity_of(spec, path));
  return pods;
}

}  // namespace

PullContext pull_context(const Review& review) {
  PullContext context{review.namespace_name, pods_of(review.object)};
  if (context.pods.empty()) context.pods = pods_of(review.old_object);
  return context;
}

PullIdentity PullContext::merged() const {
  if (pods.empty()) return {};
  auto all = pods.front();
  for (std::size_t i = 1; i < pods.size(); ++i)
    for (const auto secret : pods[i].pull_secrets)
      if (std::find(all.pull_secrets.begin(), all.pull_secrets.end(), secret) == all.pull_secrets.end())
        all.pull_secrets.push_back(secret);
  return all;
}

}  // namespace digester::admission
