#include "kube/config/load.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "kube/config/config_files.hpp"
#include "kube/config/exec_credential_source.hpp"
#include "kube/text/kubeconfig.hpp"

namespace digester::kube {
namespace {

// Data, or the content of the file.
Result<std::string> content_of(std::string data, const std::string& file) {
  if (!data.empty() || file.empty()) return data;
  return require_config_file(file);
}

Result<std::shared_ptr<CredentialSource>> make_credential_source(const Kubeconfig& kubeconfig,
                                                                 const ClientConfig& config,
                                                                 const ExecSetting& setting) {
  ExecOptions options;
  options.exec = *kubeconfig.exec;
  if (options.exec.interactive == ExecConfig::Interactive::always)
    return fail(
        ErrorKind::unsupported,
        fmt::format(
            "the credential plugin of user \"{}\" has interactiveMode Always, and there is no terminal "
            "to answer it: use a plugin that does without, or a token",
            text::printable(kubeconfig.user, 80)));
  options.environment = setting.environment;
  if (options.exec.provide_cluster_info)
    options.cluster = ExecCluster{kubeconfig.server, kubeconfig.tls_server_name,
                                  kubeconfig.insecure_skip_tls_verify, config.ca_pem, kubeconfig.proxy_url};
  return ExecCredentialSource::make(setting.io, std::move(options), setting.clock, setting.log);
}

Result<ClientConfig> to_config(Kubeconfig kubeconfig, const ExecSetting& setting) {
  const auto context = text::printable(kubeconfig.context, 80);
  ClientConfig config;
  // kubectl takes a server without scheme for http; a token must not go there by omission.
  auto server = net::Url::parse(kubeconfig.server);
  if (!server)
    return fail(ErrorKind::invalid,
                fmt::format("the server of context \"{}\" cannot be used: {}; it begins with "
                            "https://",
                            context, server.error().message));
  config.server = std::move(*server);
  auto ca = content_of(std::move(kubeconfig.ca_data), kubeconfig.ca_file);
  if (!ca) return fail(std::move(ca.error()));
  config.ca_pem = std::move(*ca);
  auto certificate =
      content_of(std::move(kubeconfig.client_certificate_data), kubeconfig.client_certificate_file);
  if (!certificate) return fail(std::move(certificate.error()));
  config.client_certificate_pem = std::move(*certificate);
  auto key = content_of(std::move(kubeconfig.client_key_data), kubeconfig.client_key_file);
  if (!key) return fail(std::move(key.error()));
  config.client_key_pem = std::move(*key);
  config.token = std::move(kubeconfig.token);
  config.token_file = std::move(kubeconfig.token_file);
  if (config.token.empty() && !config.token_file.empty())
    if (const auto token = require_config_file(config.token_file); !token) return fail(token.error());
  config.insecure_skip_verify = kubeconfig.insecure_skip_tls_verify;
  config.server_name = kubeconfig.tls_server_name;
  config.proxy_url = kubeconfig.proxy_url;
  // As kubectl does. Not in a cluster: a pod's proxy is for what is outside.
  config.environment_proxy = true;
  config.namespace_name = kubeconfig.namespace_name;
  // As in client-go, a token goes before a plugin.
  if (kubeconfig.exec && config.token.empty() && config.token_file.empty()) {
    auto source = make_credential_source(kubeconfig, config, setting);
    if (!source) return fail(std::move(source.error()));
    config.credential_source = std::move(*source);
  }
  return config;
}

struct Files {
  std::vector<KubeconfigText> texts;
  bool all_missing() const { return texts.empty(); }
};

// Those that are there.
Result<Files> read_files(const std::vector<std::string>& paths) {
  Files files;
  for (const auto& path : paths) {
    auto content = read_config_file(path);
    if (!content) return fail(std::move(content.error()));
    if (*content) files.texts.push_back({path, std::move(**content)});
  }
  return files;
}

Result<ClientConfig> from_files(const Files& files, const std::string& context, const ExecSetting& setting) {
  auto kubeconfig = parse_kubeconfig(files.texts, context);
  if (!kubeconfig) return fail(std::move(kubeconfig.error()));
  return to_config(std::move(*kubeconfig), setting);
}

}  // namespace

Result<ClientConfig> load(const std::string& kubeconfig, const std::string& context,
                          const Environment& environment, const ExecSetting& exec,
                          const std::string& directory) {
  if (!kubeconfig.empty()) {
    auto content = require_config_file(kubeconfig);
    if (!content) return fail(content.error().kind, "--kubeconfig: " + content.error().message);
    return from_files({{{kubeconfig, std::move(*content)}}}, context, exec);
  }
  if (const auto variable = environment("KUBECONFIG"); variable && !variable->empty()) {
    const auto files = read_files(split_kubeconfig_paths(*variable));
    if (!files) return fail(files.error());
    if (files->all_missing())
      return fail(ErrorKind::not_found,
                  fmt::format("KUBECONFIG names no file that is there: {}", text::printable(*variable, 256)));
    return from_files(*files, context, exec);
  }
  auto cluster = in_cluster(environment, directory);
  if (cluster) return cluster;
  const auto home = environment("HOME").value_or("");
  if (!home.empty()) {
    const auto files = read_files({home + "/.kube/config"});
    if (!files) return fail(files.error());
    if (!files->all_missing()) return from_files(*files, context, exec);
  }
  if (cluster.error().kind != ErrorKind::not_found) return cluster;
  return fail(
      ErrorKind::not_found,
      fmt::format(
          "no way to the Kubernetes API is configured: neither --kubeconfig nor KUBECONFIG is set, {} is "
          "not there, and {}",
          home.empty() ? "~/.kube/config" : text::printable(home, 200) + "/.kube/config",
          cluster.error().message));
}

}  // namespace digester::kube
