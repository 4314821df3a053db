// Paths of the Kubernetes API that more than one adapter asks for.
#pragma once

#include <string_view>

namespace digester::cluster {

inline constexpr std::string_view kConfigurations =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

}  // namespace digester::cluster
