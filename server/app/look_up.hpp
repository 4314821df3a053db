// The digests of many images for a command that runs once: all through one resolver, concurrently.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cli/options.hpp"
#include "credential/credential.hpp"
#include "image/digest.hpp"
#include "image/reference.hpp"
#include "registry/protocol/platform.hpp"

namespace digester::app {

struct LookUp {
  cli::RegistryOptions registry;
  std::optional<registry::protocol::Platform> platform = std::nullopt;
  Duration timeout = std::chrono::seconds(30);  // for each image, from when its turn has come
  bool together = false;                        // for all of them instead
  // Called as answers come, from the thread of the caller.
  std::function<void(std::size_t done, std::size_t all)> progress = nullptr;

  // The pull secrets of a cluster beside the docker configuration.
  struct Cluster {
    std::string kubeconfig, context;
  };
  std::optional<Cluster> cluster = std::nullopt;
  // With a cluster: on whose behalf reference i is asked, one after another until somebody may see it; at
  // most kMaxContexts. Without a namespace: in the kubeconfig's. None: nobody's.
  static constexpr std::size_t kMaxContexts = 32;
  std::vector<std::vector<credential::Context>> contexts = {};
};

// Slot i answers reference i; one with a digest is asked for that, and answered by it if it is there. The
// error is an option that makes no sense. Blocks. An event loop of its own: no other may run in the thread.
Result<std::vector<Result<image::Digest>>> look_up(std::span<const image::Reference> references,
                                                   const LookUp& how, const cli::Environment& environment,
                                                   const Clock& clock, const Logger& log);

}  // namespace digester::app
