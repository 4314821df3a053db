// The ExecCredential exchange with a client-go credential plugin: what it is told through the environment
// variable KUBERNETES_EXEC_INFO, and what it prints. Pure.
//
// Specification: client.authentication.k8s.io v1 and v1beta1 (KEP 541), "client-go credential plugins".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/text/kubeconfig.hpp"

namespace digester::kube {

inline constexpr std::string_view kExecInfo = "KUBERNETES_EXEC_INFO";
inline constexpr std::size_t kMaxExecAnswer = 1 << 20;

bool is_exec_version(std::string_view api_version);

// What provideClusterInfo hands out. The extension client.authentication.k8s.io/exec (spec.cluster.config) is
// not passed on.
struct ExecCluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string ca_pem;
  std::string proxy_url;
};

// JSON for KUBERNETES_EXEC_INFO. There is never a terminal: interactive is false.
std::string exec_request(std::string_view api_version, const std::optional<ExecCluster>& cluster);

// Secret but for its expiry. A token, or a client certificate with its key, or both.
struct ExecCredential {
  std::string token;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::optional<WallTime> expires;
};

// `output` is all that the plugin printed. Errors say what is wrong and show nothing of the content:
//   too_large  over kMaxExecAnswer
//   protocol   not JSON, another kind or apiVersion, no credential, half a certificate, control characters in
//              the token, a time that is not RFC 3339 of the years 1970 to 2200
Result<ExecCredential> parse_exec_credential(std::string output, std::string_view api_version);

}  // namespace digester::kube
