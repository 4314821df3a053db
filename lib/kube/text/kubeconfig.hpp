// kubeconfig files: what one context says about how to reach a cluster and as whom. Pure: texts in, a plain
// struct out; files are named, not read.
//
// Specification: "Organizing Cluster Access Using kubeconfig Files", type v1.Config, and client-go's merging.
// Ours differs in this: a key that is there twice is an error (client-go takes the last), numbers and
// booleans are taken as text where text is expected, and what would silently act as somebody else (username,
// auth-provider, impersonation) is an error that names the cure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace digester::kube {

// users[].user.exec: a program that prints a credential.
struct ExecConfig {
  enum class Interactive : std::uint8_t { never, if_available, always };

  std::string api_version;  // client.authentication.k8s.io/v1 or /v1beta1
  std::string command;      // a name to look up in PATH, or a path (a relative one is the file's)
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // on top of the process' own
  Interactive interactive = Interactive::if_available;
  bool provide_cluster_info = false;
  std::string install_hint;  // what to tell people when the program is missing
};

// One context, its cluster and its user. Empty strings: not set. Paths are as the file means them: relative
// ones already lead from the file's directory. Where a field has both data and a file, the data counts, as in
// client-go.
struct Kubeconfig {
  std::string context;
  std::string cluster;
  std::string user;
  std::string namespace_name;

  std::string server;   // as written: https://host:port/path; never empty
  std::string ca_data;  // PEM, base64 already decoded
  std::string ca_file;
  bool insecure_skip_tls_verify = false;
  std::string tls_server_name;
  std::string proxy_url;

  std::string token;       // secret
  std::string token_file;  // when both are set the file goes first, the token serves until it can be read
  std::string client_certificate_data;
  std::string client_certificate_file;
  std::string client_key_data;  // secret
  std::string client_key_file;
  std::optional<ExecConfig> exec;
};

struct KubeconfigText {
  std::string path;  // for messages, and for relative paths: its directory
  std::string text;
};

// Merges files as kubectl does: of entries with one name the first file's counts, as a whole; current-context
// is the first file's that sets it. `context`: empty takes the current one.
//
// Errors name file and line, never a secret:
//   invalid      malformed, a missing or doubled name, bad base64, no context or what it refers to is not
//   there unsupported  username/password, auth-provider, impersonation, an exec apiVersion that is not ours
//   too_large    see YamlLimits
Result<Kubeconfig> parse_kubeconfig(std::span<const KubeconfigText> files, std::string_view context = {});

// The paths in a KUBECONFIG variable, colons between them; empty ones and repetitions are dropped.
std::vector<std::string> split_kubeconfig_paths(std::string_view variable);

}  // namespace digester::kube
