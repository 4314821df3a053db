#include "kube/text/kubeconfig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"
#include "kube/text/exec_credential.hpp"
#include "kube/text/kubeconfig_read.hpp"

namespace digester::kube {
namespace {

// One named entry, and the file it is from.
struct Entry {
  const std::string* path = nullptr;
  const YamlNode* body = nullptr;
};
using Entries = std::map<std::string, Entry, std::less<>>;

struct Merged {
  std::string current_context;
  Entries clusters;
  Entries users;
  Entries contexts;
};

const YamlNode& empty_node() {
  static const YamlNode node;
  return node;
}

// `list` is clusters, users or contexts; `inner` the member that holds the entry's body.
Result<void> merge_list(const std::string& path, const YamlNode& root, std::string_view list,
                        std::string_view inner, Entries& into) {
  FieldReader reader(path, root, "kubeconfig");
  const auto* items = reader.sequence(list);
  if (reader.fault()) return fail(*reader.fault());
  if (items == nullptr) return {};
  Entries own;
  for (const auto& item : items->items) {
    if (item.kind != YamlNode::Kind::mapping)
      return kubeconfig_error(path, item.line, fmt::format("an entry of {} is not a mapping", list));
    FieldReader fields(path, item, fmt::format("{}[]", list));
    const auto name = fields.text("name");
    const auto* body = fields.mapping(inner);
    if (fields.fault()) return fail(*fields.fault());
    if (name.empty())
      return kubeconfig_error(path, item.line, fmt::format("an entry of {} has no name", list));
    if (!own.emplace(name, Entry{&path, body != nullptr ? body : &empty_node()}).second)
      return kubeconfig_error(path, item.line,
                              fmt::format("{} holds \"{}\" twice", list, text::printable(name, 80)));
  }
  into.merge(own);  // what is there already stays
  return {};
}

Result<void> merge_file(const std::string& path, const YamlNode& root, Merged& into) {
  if (root.kind == YamlNode::Kind::null) return {};
  if (root.kind != YamlNode::Kind::mapping)
    return kubeconfig_error(path, root.line, "not a kubeconfig: no mapping");
  FieldReader reader(path, root, "kubeconfig");
  const auto current = reader.text("current-context");
  const auto kind = reader.text("kind");
  if (reader.fault()) return fail(*reader.fault());
  if (!kind.empty() && kind != "Config")
    return kubeconfig_error(path, root.line,
                            fmt::format("not a kubeconfig: its kind is \"{}\"", text::printable(kind, 64)));
  if (into.current_context.empty()) into.current_context = current;
  for (const auto& [list, inner, entries] :
       {std::tuple{"clusters", "cluster", &into.clusters}, std::tuple{"users", "user", &into.users},
        std::tuple{"contexts", "context", &into.contexts}})
    if (auto merged = merge_list(path, root, list, inner, *entries); !merged) return merged;
  return {};
}

const Entry* find(const Entries& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

// Neither arguments nor the environment can carry one.
bool holds_nul(const YamlNode& node) {
  return node.scalar.find('\0') != std::string::npos;
}

Result<void> read_exec(const std::string& path, const YamlNode& node, ExecConfig& exec) {
  FieldReader fields(path, node, "users[].user.exec");
  exec.api_version = fields.text("apiVersion");
  exec.command = fields.text("command");
  // As client-go: a command with a slash is a path beside the file, one without is looked up in PATH.
  if (exec.command.find('/') != std::string::npos)
    exec.command = resolve_beside(path, std::move(exec.command));
  exec.install_hint = node.find("installHint") != nullptr ? node.find("installHint")->scalar : "";
  exec.provide_cluster_info = fields.flag("provideClusterInfo");
  const auto mode = fields.text("interactiveMode");
  if (mode == "Never")
    exec.interactive = ExecConfig::Interactive::never;
  else if (mode == "Always")
    exec.interactive = ExecConfig::Interactive::always;
  else if (!mode.empty() && mode != "IfAvailable")
    fields.refuse("users[].user.exec.interactiveMode is none of Never, IfAvailable and Always");
  if (const auto* args = fields.sequence("args"))
    for (const auto& arg : args->items) {
      if (arg.kind != YamlNode::Kind::scalar || holds_nul(arg))
        fields.refuse_at(arg.line, "users[].user.exec.args holds what is no string");
      exec.args.push_back(arg.scalar);
    }
  if (const auto* env = fields.sequence("env"))
    for (const auto& variable : env->items) {
      FieldReader pair(path, variable, "users[].user.exec.env[]");
      auto name = pair.text("name");
      const auto* value = variable.find("value");
      if (pair.fault()) fields.refuse_at(variable.line, "users[].user.exec.env has a name that is no string");
      if (name.empty() || name.find('=') != std::string::npos)
        fields.refuse_at(variable.line, "users[].user.exec.env has an entry without a usable name");
      if (value != nullptr && (value->kind != YamlNode::Kind::scalar || holds_nul(*value)))
        fields.refuse_at(value->line, "users[].user.exec.env has a value that is no string");
      exec.env.emplace_back(std::move(name), value != nullptr ? value->scalar : "");
    }
  if (exec.command.empty()) fields.refuse("users[].user.exec has no command");
  if (exec.api_version.empty()) fields.refuse("users[].user.exec has no apiVersion");
  if (!is_exec_version(exec.api_version))
    fields.refuse(
        fmt::format("users[].user.exec.apiVersion \"{}\" is neither client.authentication.k8s.io/v1 nor "
                    "client.authentication.k8s.io/v1beta1; write the entry anew with a current version of "
                    "the tool that made it",
                    text::printable(exec.api_version, 64)),
        ErrorKind::unsupported);
  if (fields.fault()) return fail(*fields.fault());
  return {};
}

Result<void> read_user(const Entry& entry, Kubeconfig& config) {
  FieldReader user(*entry.path, *entry.body, "users[].user");
  if (user.has("username") || user.has("password"))
    user.refuse(
        "users[].user has a username or password, which API servers stopped taking in Kubernetes 1.19; use a "
        "token, a client certificate or an exec plugin",
        ErrorKind::unsupported);
  if (user.has("auth-provider"))
    user.refuse(
        "users[].user has an auth-provider, which Kubernetes removed in 1.26; let your provider's tool write "
        "the "
        "entry anew with an exec plugin (gke-gcloud-auth-plugin, kubelogin)",
        ErrorKind::unsupported);
  for (const std::string_view key : {"as", "as-uid", "as-groups", "as-user-extra"})
    if (user.has(key))
      user.refuse(
          fmt::format("users[].user.{} (impersonation) is not supported; use a credential of that user's own",
                      key),
          ErrorKind::unsupported);
  config.token = user.text("token");
  config.token_file = user.file("tokenFile");
  config.client_certificate_data = user.base64("client-certificate-data");
  config.client_certificate_file = user.file("client-certificate");
  config.client_key_data = user.base64("client-key-data");
  config.client_key_file = user.file("client-key");
  const bool has_certificate =
      !config.client_certificate_data.empty() || !config.client_certificate_file.empty();
  const bool has_key = !config.client_key_data.empty() || !config.client_key_file.empty();
  if (has_certificate != has_key)
    user.refuse("users[].user has only one of client certificate and client key");
  const auto* exec = user.mapping("exec");
  if (user.fault()) return fail(*user.fault());
  if (exec != nullptr) return read_exec(*entry.path, *exec, config.exec.emplace());
  return {};
}

Result<void> read_cluster(const Entry& entry, Kubeconfig& config) {
  FieldReader cluster(*entry.path, *entry.body, "clusters[].cluster");
  config.server = cluster.text("server");
  config.ca_data = cluster.base64("certificate-authority-data");
  config.ca_file = cluster.file("certificate-authority");
  config.insecure_skip_tls_verify = cluster.flag("insecure-skip-tls-verify");
  config.tls_server_name = cluster.text("tls-server-name");
  config.proxy_url = cluster.text("proxy-url");
  if (config.server.empty()) cluster.refuse("clusters[].cluster has no server");
  // client-go refuses the pair as well: one of the two is a mistake.
  if (config.insecure_skip_tls_verify && !(config.ca_data.empty() && config.ca_file.empty()))
    cluster.refuse("clusters[].cluster has a certificate-authority and insecure-skip-tls-verify: remove one");
  if (cluster.fault()) return fail(*cluster.fault());
  return {};
}

Result<Kubeconfig> select(const Merged& merged, std::string_view context) {
  Kubeconfig config;
  config.context = context.empty() ? merged.current_context : std::string(context);
  if (config.context.empty())
    return fail(ErrorKind::invalid,
                "the kubeconfig sets no current-context; choose one with `kubectl config use-context`");
  const auto shown = text::printable(config.context, 80);
  const auto* chosen = find(merged.contexts, config.context);
  if (chosen == nullptr)
    return fail(ErrorKind::invalid, fmt::format("the kubeconfig has no context \"{}\"", shown));

  FieldReader reader(*chosen->path, *chosen->body, "contexts[].context");
  config.cluster = reader.text("cluster");
  config.user = reader.text("user");
  config.namespace_name = reader.text("namespace");
  if (reader.fault()) return fail(*reader.fault());
  const auto missing = [&](std::string_view what, std::string_view name) {
    return kubeconfig_error(*chosen->path, chosen->body->line,
                            fmt::format("context \"{}\" names the {} \"{}\", which is not there", shown, what,
                                        text::printable(name, 80)));
  };
  const auto* cluster = find(merged.clusters, config.cluster);
  if (cluster == nullptr) return missing("cluster", config.cluster);
  if (auto read = read_cluster(*cluster, config); !read) return fail(std::move(read.error()));
  // Without a user the server is asked anonymously, as kubectl does.
  if (config.user.empty()) return config;
  const auto* user = find(merged.users, config.user);
  if (user == nullptr) return missing("user", config.user);
  if (auto read = read_user(*user, config); !read) return fail(std::move(read.error()));
  return config;
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::span<const KubeconfigText> files, std::string_view context) {
  std::vector<YamlNode> roots;  // entries point into them
  roots.reserve(files.size());
  Merged merged;
  for (const auto& file : files) {
    auto root = parse_yaml(file.text);
    if (!root)
      return fail(root.error().kind,
                  fmt::format("{}: {}", text::printable(file.path, 200), root.error().message));
    roots.push_back(std::move(*root));
    if (auto done = merge_file(file.path, roots.back(), merged); !done) return fail(std::move(done.error()));
  }
  return select(merged, context);
}

std::vector<std::string> split_kubeconfig_paths(std::string_view variable) {
  std::vector<std::string> paths;
  for (const auto part : text::split(variable, ':'))
    if (!part.empty() && std::find(paths.begin(), paths.end(), part) == paths.end()) paths.emplace_back(part);
  return paths;
}

}  // namespace digester::kube
