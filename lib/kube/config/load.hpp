// Finds out where the API server is and who we are to it: in cluster, or from kubeconfig files.
//
// Everything here reads small local files, blocking: for start-up. Messages name files and fields, never a
// secret, and end with a cure where there is one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "kube/client_config.hpp"
#include "net/task.hpp"

namespace digester::kube {

// A variable's value; empty optional when it is not set. An empty value counts as not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

inline constexpr const char* kServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

// As every pod sees it: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, and a directory with ca.crt,
// token and namespace. The token is not read here: `token_file` names it, and it must be there. A missing
// namespace file is an empty namespace.
//   not_found   not in a cluster: one of the two variables is not set
//   others      in a cluster, but what belongs to it is missing or unusable
Result<ClientConfig> in_cluster(const Environment& environment,
                                const std::string& directory = kServiceAccountDirectory);

// What exec plugins need; it outlives the ClientConfig's credential_source.
struct ExecSetting {
  net::asio::io_context& io;  // where token() will be awaited
  const Clock& clock;
  const Logger& log;
  std::vector<std::string> environment;  // "NAME=value" of the process, which plugins inherit
};

// In this order: `kubeconfig` (the flag; the file must be there), $KUBECONFIG (a list, at least one of its
// files must be there), in cluster, ~/.kube/config. `context`: empty takes the current one; not for in
// cluster. not_found with all places that were looked at when there is nothing.
Result<ClientConfig> load(const std::string& kubeconfig, const std::string& context,
                          const Environment& environment, const ExecSetting& exec,
                          const std::string& directory = kServiceAccountDirectory);

}  // namespace digester::kube
