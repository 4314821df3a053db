// Pull secrets out of a cluster, for a command that runs once.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cli/options.hpp"
#include "credential/credential.hpp"
#include "net/task.hpp"

namespace digester::app {

class ClusterAccess {
 public:
  // Finds the API (kubeconfig, then in cluster) and asks nothing yet. References outlive the object, which is
  // destroyed when `io` has run and its handlers are dropped.
  static Result<std::unique_ptr<ClusterAccess>> create(net::asio::io_context& io,
                                                       const std::string& kubeconfig,
                                                       const std::string& context,
                                                       const cli::Environment& environment,
                                                       const Clock& clock, const Logger& log);
  ~ClusterAccess();

  std::unique_ptr<credential::Provider> pull_secrets();
  // Of objects that name none: the kubeconfig's.
  const std::string& namespace_name() const;

 private:
  struct Parts;
  explicit ClusterAccess(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace digester::app
