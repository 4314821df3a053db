// The parts between a question about a tag and the network, put together: HTTP client, credentials, look-up,
// resolver. The webhook and the command line differ only in their settings.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "cli/options.hpp"
#include "net/task.hpp"
#include "registry/protocol/platform.hpp"
#include "registry/resolver.hpp"

namespace digester::app {

class RegistryClient {
 public:
  // What to raise, in the texts of time-outs.
  struct Cures {
    Duration patience{};  // what callers wait for; zero: it varies
    std::string of_caller;
    std::string of_lookup;
  };
  // What distinguishes the command line: loopback registries count as listed, and one platform's manifest
  // may be asked for instead of the index.
  struct CommandLine {
    std::optional<registry::protocol::Platform> platform;
  };

  // `io` becomes the registry thread's: everything runs there. Errors are options that make no sense. All
  // references outlive the object; destroy it when `io` does not run any more.
  static Result<std::unique_ptr<RegistryClient>> create(
      net::asio::io_context& io, const cli::RegistryOptions& registry, const cli::CacheOptions& cache,
      Duration lookup_timeout, Cures cures, std::optional<CommandLine> command_line,
      const cli::Environment& environment, const Clock& clock, const Logger& log, Metrics& metrics,
      std::unique_ptr<credential::Provider> cluster = nullptr);
  ~RegistryClient();

  registry::Resolver& resolver();

 private:
  struct Parts;
  explicit RegistryClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace digester::app
