// What a registry may be shown, and where it comes from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "credential/holdings.hpp"
#include "credential/value.hpp"
#include "image/reference.hpp"
#include "net/task.hpp"

namespace digester::credential {

// On whose behalf: what the pull-secret source needs. Empty on the command line.
struct Context {
  std::string namespace_name;
  std::string service_account;
  std::vector<std::string> pull_secrets;
  friend bool operator==(const Context&, const Context&) = default;
};

// A source of credentials: docker config today; pull secrets, ECR, GCP, ACR, helpers and plugins are one
// file each. The chain asks every source in order and keeps all answers: each is tried until one works.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;

  // Puts all that this context has into `into`, in a ring of its own or several, without waiting: from memory
  // alone, from any thread. Once for all images of a review, so it says nothing of images. False: fetch()
  // must be asked; what is in `into` then is of no use.
  virtual bool gather(const Context& context, Holdings& into) const = 0;
  // The same for one image: its credentials, best first, at most kMaxTried. Empty optional: fetch() must be
  // asked. An empty list: there are none; anonymous is never listed.
  std::optional<std::vector<Credential>> ready(const image::Reference& reference,
                                               const Context& context) const;
  // The same with I/O, on the registry thread. An error is a warning to the caller, not an end. Reference and
  // context outlive the task.
  virtual net::Task<Result<std::vector<Credential>>> fetch(const image::Reference& reference,
                                                           const Context& context) = 0;
  // The registry refused this one (401 or 403): forget it, if it came from a cache. Registry thread.
  virtual void refused(const Credential& credential) { (void)credential; }
  // The registry refused all that this context has, anonymous last: where it looked may have been mended
  // since, so what came from a cache is to be read anew soon. Registry thread.
  virtual void unsatisfied(const Context& context) { (void)context; }
};

}  // namespace digester::credential
