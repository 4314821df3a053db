#include "certificate/rotator/rotator_metrics.hpp"

namespace digester::certificate {

RotatorMetrics::RotatorMetrics(Metrics& metrics)
    : patches(metrics.counter("digester_certificate_bundle_patches_total",
                              "Times our CA was written into the webhook configuration.")),
      errors(
          metrics.counter("digester_certificate_errors_total",
                          "Failures to read or write the certificate Secret or the webhook configuration.")),
      failing(metrics.gauge(
          "digester_certificate_failing",
          "1 if the last look at the certificate Secret and the webhook configuration failed.")),
      verified(
          metrics.gauge("digester_certificate_bundle_verified",
                        "1 if the webhook configuration's caBundle verifies the certificate in use, or there "
                        "is no configuration: then API servers accept it.")),
      certificate_end_(metrics.gauge("digester_tls_certificate_not_after_timestamp_seconds",
                                     "When the certificate in use expires, in seconds since the epoch.")),
      ca_end_(metrics.gauge("digester_tls_ca_not_after_timestamp_seconds",
                            "When the CA of the certificate in use expires, in seconds since the epoch.")) {
  for (std::size_t i = 0; i < changes_.size(); ++i)
    changes_[i] =
        &metrics.counter("digester_certificate_changes_total", "Writes to the certificate Secret, by kind.",
                         {{"change", std::string(to_string(static_cast<Change>(i)))}});
}

void RotatorMetrics::serving(const std::string& leaf_pem, const std::string& ca_pem) {
  const auto end = [](const std::string& pem) {
    const auto all = parse_certificates(pem).list;
    return all.empty() ? 0.0 : static_cast<double>(all.front().not_after.time_since_epoch().count());
  };
  certificate_end_.Set(end(leaf_pem));
  ca_end_.Set(end(ca_pem));
}

}  // namespace digester::certificate
