// The figures of the webhook's own certificates.
#pragma once

#include <array>

#include "base/metrics.hpp"
#include "certificate/state.hpp"

namespace digester::certificate {

// Lives as long as the Metrics it was made from.
class RotatorMetrics {
 public:
  explicit RotatorMetrics(Metrics& metrics);

  void changed(Change change) { changes_[static_cast<std::size_t>(change)]->Increment(); }
  // When the leaf of what is served ends, and the first CA in `ca_pem`.
  void serving(const std::string& leaf_pem, const std::string& ca_pem);

  prometheus::Counter& patches;  // of the configuration's bundle
  prometheus::Counter& errors;
  prometheus::Gauge& failing;   // 1 if the last pass did not get through
  prometheus::Gauge& verified;  // 1 if API servers accept what is served, as far as is known

 private:
  prometheus::Gauge& certificate_end_;
  prometheus::Gauge& ca_end_;
  std::array<prometheus::Counter*, static_cast<std::size_t>(Change::tidied) + 1> changes_{};
};

}  // namespace digester::certificate
