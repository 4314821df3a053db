// Which Kubernetes API to talk to, and as whom: what the loaders in kube/config read and ApiClient uses.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/http_message.hpp"
#include "net/task.hpp"

namespace digester::kube {

// Gives the bearer token of a request: an exec plugin, above all. It keeps what it got for as long as that
// is good: it is asked before every request. Used on the registry thread alone.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // `refused`: the API answered 401 to the token that came last, so a new one must be made now. Empty: no
  // token. Errors are as the asker of the API may see them, and never hold a token. Cancellable; the source
  // outlives the task.
  virtual net::Task<Result<std::string>> token(bool refused) = 0;
};

// A value. Holds secrets: never logged, never part of an error.
struct ClientConfig {
  net::Url server;     // scheme, host and port; a path in `target` goes before every request's own
  std::string ca_pem;  // these authorities alone; empty: the system's

  // Of these the first that is set: the file (read again at least every minute), the token, the source.
  std::string token_file;
  std::string token;
  std::shared_ptr<TokenSource> token_source;

  std::string client_certificate_pem;  // with its key, or neither
  std::string client_key_pem;

  bool insecure_skip_verify = false;  // kubeconfig's insecure-skip-tls-verify
  std::string server_name;            // kubeconfig's tls-server-name; empty: the server's host
  std::string proxy_url;              // kubeconfig's proxy-url; empty: none, whatever the environment says
  std::string namespace_name;         // where we run, or the context's; empty: not known
};

}  // namespace digester::kube
