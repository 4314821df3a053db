// On whose behalf the images of manifests will be pulled, as the kubelet will do it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/images.hpp"

namespace digester::krm {

struct PullContext {
  std::string namespace_name;  // empty: the object names none
  std::string service_account = "default";
  std::vector<std::string> secrets;  // of all its pod specs
  friend bool operator==(const PullContext&, const PullContext&) = default;
};

// One for each of images.objects. What is of another type than it should be counts as not there. The error is
// a text that readers would understand differently: "line N: cause".
Result<std::vector<PullContext>> pull_contexts(std::string_view text, const manifest::Images& images);

}  // namespace digester::krm
