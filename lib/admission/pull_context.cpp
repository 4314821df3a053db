#include "admission/pull_context.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace digester::admission {
namespace {

// The members with these keys in one walk over the object, of doubled ones the last: this runs for every
// review.
template <std::size_t N>
std::array<json::Value, N> pick(json::Value object, const std::array<std::string_view, N>& keys) {
  std::array<json::Value, N> values;
  for (const auto [key, value] : object.members())
    for (std::size_t i = 0; i < N; ++i)
      if (key == keys[i]) values[i] = value;
  return values;
}

// Of a pod spec the lists first, and what may be beside it.
constexpr std::array<std::string_view, 9> kKeys{"containers",       "initContainers", "ephemeralContainers",
                                                "volumes",          "serviceAccount", "serviceAccountName",
                                                "imagePullSecrets", "template",       "jobTemplate"};

class Finder {
 public:
  void object(json::Value object) {
    const auto [spec, pod_template] = pick<2>(object, {"spec", "template"});
    const auto [inner, job] = pod(SpecPath::spec, spec);
    pod(SpecPath::template_spec, inner.find("spec"));
    pod(SpecPath::job_template_spec, job.at({"spec", "template", "spec"}));
    pod(SpecPath::pod_template_spec, pod_template.find("spec"));
  }

  std::vector<PullIdentity> pods;

 private:
  // Gives "template" and "jobTemplate" back.
  std::array<json::Value, 2> pod(SpecPath path, json::Value spec) {
    const auto parts = pick(spec, kKeys);
    if (std::any_of(parts.begin(), parts.begin() + 4, [](json::Value list) { return list.is_array(); })) {
      auto& identity = pods.emplace_back();
      identity.spec = path;
      for (const auto account : {parts[4], parts[5]})
        if (const auto name = account.string_or(""); !name.empty()) identity.service_account = name;
      for (const auto entry : parts[6].elements()) {
        if (identity.pull_secrets.size() == kMaxPullSecrets) break;
        identity.pull_secrets.push_back(entry.find("name").string_or(""));
      }
    }
    return {parts[7], parts[8]};
  }
};

std::vector<PullIdentity> pods_of(json::Value object) {
  Finder finder;
  finder.object(object);
  return std::move(finder.pods);
}

}  // namespace

PullContext pull_context(const Review& review) {
  PullContext context{review.namespace_name, pods_of(review.object)};
  if (context.pods.empty()) context.pods = pods_of(review.old_object);
  return context;
}

PullIdentity PullContext::merged() && {
  if (pods.empty()) return {};
  auto all = std::move(pods.front());
  for (std::size_t i = 1; i < pods.size(); ++i)
    for (const auto secret : pods[i].pull_secrets)
      if (std::find(all.pull_secrets.begin(), all.pull_secrets.end(), secret) == all.pull_secrets.end())
        all.pull_secrets.push_back(secret);
  return all;
}

}  // namespace digester::admission
