// On whose behalf an object's images will be pulled: the pull secrets and the ServiceAccount of its pod
// specs. Pure; nothing is read here.
#pragma once

#include <string_view>
#include <vector>

#include "admission/images.hpp"
#include "admission/review.hpp"

namespace digester::admission {

// What one pod spec says. Points into the json::Document.
struct PullIdentity {
  SpecPath spec = SpecPath::spec;
  // serviceAccountName, else the deprecated serviceAccount, else "default". As written: not checked.
  std::string_view service_account = "default";
  // imagePullSecrets in order, as written. An entry without a name is "": the spec lists something all the
  // same, which keeps the ServiceAccount's secrets out.
  std::vector<std::string_view> pull_secrets;
};

struct PullContext {
  std::string_view namespace_name;  // the request's: the object may lack it
  std::vector<PullIdentity> pods;   // in the order of SpecPath

  // For one look-up on behalf of the whole object. Nearly always there is one pod spec, and this is what it
  // says; of several all secrets count, and the first one's account. None: the account "default".
  PullIdentity merged() &&;
};

inline constexpr std::size_t kMaxPullSecrets = 256;  // of one pod spec; the rest was not looked at

// The object's pod specs: those of the four paths that hold a list of containers or volumes. Where the object
// has none at all (subresources other than the Pod itself), the old object's count. What is of another type
// than it should be counts as not there; of a doubled key the last counts.
PullContext pull_context(const Review& review);

}  // namespace digester::admission
