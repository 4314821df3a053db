// Hands prepared objects over to kubectl, whose output passes through.
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "prepare/objects.hpp"

namespace digester::app {

// There is a kubectl in PATH. not_found, with the cure.
Result<void> require_kubectl();

// kubectl apply -f FILE. Errors are one line; what kubectl says is on standard error by then. Blocks.
Result<void> kubectl_apply(const std::string& file);

// For Deployments, DaemonSets and StatefulSets kubectl rollout status, for Jobs until they are complete, for
// bare Pods until they are ready; one after another, each within `limit`. Blocks.
Result<void> kubectl_wait(std::span<const prepare::Object> objects, Duration limit);

}  // namespace digester::app
