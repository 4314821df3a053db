// What all look-ups of one process share. Made once, by the factory.
#pragma once

#include <functional>

#include "base/log.hpp"
#include "registry/client/exchange.hpp"
#include "registry/client/knowledge.hpp"
#include "registry/client/token_source.hpp"
#include "registry/settings.hpp"

namespace digester::registry {

// Held by every look-up and token fetch under way, so that these may end after the Lookup itself. One thread.
struct Services {
  Services(net::HttpClient& http, const Clock& time, RegistrySettings options, std::function<double()> random,
           std::function<net::Task<>(Duration)> sleep, Metrics& figures, const Logger& logger)
      : settings(std::move(options)),
        clock(time),
        log(logger),
        metrics(figures, settings.insecure.names()),
        knowledge(clock, settings.remembered),
        exchanger({http, clock, metrics, std::move(random), std::move(sleep), log}, settings),
        tokens(exchanger, clock, settings, metrics, log) {}
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  const RegistrySettings settings;
  const Clock& clock;
  const Logger& log;
  RegistryMetrics metrics;
  Knowledge knowledge;
  Exchanger exchanger;
  TokenSource tokens;
};

}  // namespace digester::registry
