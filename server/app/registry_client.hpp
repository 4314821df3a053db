// The parts between a question about a tag and the network, put together: HTTP client, credentials, look-up,
// resolver. The webhook and the command line differ only in their settings.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "cli/options.hpp"
#include "net/task.hpp"
#include "registry/lookup.hpp"
#include "registry/resolver.hpp"

namespace digester::app {

class RegistryClient {
 public:
  // `io` becomes the registry thread's: everything runs there. On the command line a loopback registry counts
  // as listed. Errors are options that make no sense. All references outlive the object; destroy it when `io`
  // does not run any more.
  static Result<std::unique_ptr<RegistryClient>> create(net::asio::io_context& io,
                                                        const cli::RegistryOptions& registry,
                                                        const cli::CacheOptions& cache, bool command_line,
                                                        const cli::Environment& environment,
                                                        const Clock& clock, const Logger& log,
                                                        Metrics& metrics);
  ~RegistryClient();

  registry::Resolver& resolver();
  registry::Lookup& lookup();

 private:
  struct Parts;
  explicit RegistryClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace digester::app
