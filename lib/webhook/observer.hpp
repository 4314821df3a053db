// What one admission leaves behind: a log line and metrics.
#pragma once

#include <array>

#include "admission/answer.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/units.hpp"
#include "webhook/handler.hpp"

namespace digester::webhook {

class Handler::Observer {
 public:
  Observer(const Logger& log, Metrics& metrics);

  // Any thread. A dry-run request is logged and counted as one.
  void answered(const admission::Review& review, const admission::Plan& plan, const admission::Answer& answer,
                Duration took) const;
  // Passed because its namespace is not selected, which the API server should have seen to itself.
  void not_selected(const admission::Review& review) const;
  // Not answered with an AdmissionReview.
  void refused(unsigned status, std::string_view why) const;

 private:
  enum Outcome : std::size_t { patched, unchanged, admitted_with_errors, denied, bad_request, kOutcomes };

  const Logger* log_;
  std::array<prometheus::Counter*, kOutcomes> outcomes_{};
  std::array<prometheus::Counter*, 4> images_{};  // by admission::Verdict
  prometheus::Counter* not_selected_;
  prometheus::Histogram* latency_;
};

}  // namespace digester::webhook
