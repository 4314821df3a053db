#include <fmt/format.h>

#include "base/text.hpp"
#include "kube/config/config_files.hpp"
#include "kube/config/load.hpp"

namespace digester::kube {
namespace {

constexpr std::string_view kCure =
    "in a pod, leave automountServiceAccountToken on; elsewhere, name a kubeconfig file (--kubeconfig or "
    "KUBECONFIG)";

tl::unexpected<Error> incomplete(const Error& cause) {
  return fail(
      cause.kind == ErrorKind::not_found ? ErrorKind::invalid : cause.kind,
      fmt::format("in a cluster, but its service account is not usable: {}; {}", cause.message, kCure));
}

}  // namespace

Result<ClientConfig> in_cluster(const Environment& environment, const std::string& directory) {
  const auto host = environment("KUBERNETES_SERVICE_HOST").value_or("");
  const auto port = environment("KUBERNETES_SERVICE_PORT").value_or("");
  if (host.empty() || port.empty())
    return fail(ErrorKind::not_found,
                fmt::format("not in a cluster: {} is not set; {}",
                            host.empty() ? "KUBERNETES_SERVICE_HOST" : "KUBERNETES_SERVICE_PORT", kCure));
  // An IPv6 address comes without brackets.
  const bool needs_brackets = host.find(':') != std::string::npos && !host.starts_with('[');
  auto server = net::Url::parse(needs_brackets ? fmt::format("https://[{}]:{}", host, port)
                                               : fmt::format("https://{}:{}", host, port));
  if (!server)
    return fail(ErrorKind::invalid, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make no address");

  ClientConfig config;
  config.server = std::move(*server);
  auto ca = require_config_file(directory + "/ca.crt");
  if (!ca) return incomplete(ca.error());
  config.ca_pem = std::move(*ca);
  config.ca_where = "to " + directory + "/ca.crt";
  config.token_file = directory + "/token";
  const auto token = require_config_file(config.token_file);
  if (!token) return incomplete(token.error());
  if (text::is_blank(*token))
    return incomplete({ErrorKind::invalid, fmt::format("{} is empty", config.token_file)});
  if (auto space = read_config_file(directory + "/namespace"); space && *space)
    config.namespace_name = text::trim(**space);
  return config;
}

}  // namespace digester::kube
