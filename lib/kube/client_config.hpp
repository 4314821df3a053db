// Which Kubernetes API to talk to, and as whom: what the loaders in kube/config read and ApiClient uses.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/http_message.hpp"
#include "net/task.hpp"

namespace digester::kube {

// What a request shows of us: a bearer token, a client certificate with its key, both, or neither. Secret.
struct ApiCredential {
  std::string token;
  std::string certificate_pem;  // with its chain after it, and with its key, or neither
  std::string key_pem;

  bool operator==(const ApiCredential&) const = default;
};

// Gives the credential of a request: an exec plugin, above all. It keeps what it got for as long as that
// is good: it is asked before every request. Used on the registry thread alone.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // `refused`: the API answered 401 to the credential that came last, so a new one must be made now. Errors
  // are as the asker of the API may see them, and hold nothing secret. Cancellable; the source outlives the
  // task.
  virtual net::Task<Result<ApiCredential>> credential(bool refused) = 0;
};

// A value. Holds secrets: never logged, never part of an error.
struct ClientConfig {
  net::Url server;     // scheme, host and port; a path in `target` goes before every request's own
  std::string ca_pem;  // these authorities alone; empty: the system's
  std::string ca_where = "to the kubeconfig's certificate-authority-data";  // how errors call that place

  // Of these the first that is set: the file (read again at least every minute), the token, the source.
  std::string token_file;
  std::string token;
  std::shared_ptr<CredentialSource> credential_source;

  std::string client_certificate_pem;  // with its key, or neither; a certificate of the source goes before
  std::string client_key_pem;

  bool insecure_skip_verify = false;  // kubeconfig's insecure-skip-tls-verify
  std::string server_name;            // kubeconfig's tls-server-name; empty: the server's host
  std::string proxy_url;              // kubeconfig's proxy-url: for every server, one on loopback too
  bool environment_proxy = false;     // without a proxy_url: what HTTPS_PROXY and NO_PROXY say
  std::string namespace_name;         // where we run, or the context's; empty: not known
};

}  // namespace digester::kube
