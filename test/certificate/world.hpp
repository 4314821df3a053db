// A Secret and a bundle whose time the test owns, driven by decide() alone.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "certificate/state.hpp"

namespace digester::test {

using certificate::Change;
using certificate::Observed;
using certificate::Time;

inline const std::string kServiceName = "digester-webhook-service.digester-system.svc";

struct World {
  Time now = Time(std::chrono::seconds(1'800'000'000));
  certificate::Settings settings{{kServiceName, kServiceName + ".cluster.local"}};
  certificate::SecretData secret;
  Observed::Configuration configuration = Observed::Configuration::present;
  std::string bundle;
  bool hold = false;
  int bundle_writes = 0;

  Observed observed() const {
    Observed out;
    out.configuration = configuration;
    if (configuration == Observed::Configuration::present) out.bundles.push_back(bundle);
    out.hold = hold;
    return out;
  }

  certificate::Decision decide() const {
    return certificate::decide(secret, settings, observed(), now).value();
  }

  // Steps until nothing is left to do, as a replica does; the changes on the way.
  std::vector<Change> settle() {
    std::vector<Change> changes;
    for (int i = 0; i < 20; ++i) {
      auto decision = decide();
      if (decision.write) {
        changes.push_back(decision.change);
        secret = *decision.write;
        continue;
      }
      if (!decision.bundle || configuration != Observed::Configuration::present) return changes;
      if (!certificate::bundle_fault(*decision.bundle, bundle, now)) return changes;
      bundle = decision.bundle->content + (decision.bundle->keep_existing ? bundle : "");
      ++bundle_writes;
    }
    throw std::runtime_error("decide() does not come to rest");
  }

  bool bundle_verifies_leaf() const {
    return certificate::verify(secret.tls_crt, bundle, kServiceName, now).has_value();
  }
  std::string ca_in_use() const { return secret.ca_crt; }
};

}  // namespace digester::test
