// Counters, gauges and histograms by Prometheus' conventions, in memory only.
//
// Resolve a metric once, at construction (a family look-up costs 100 ns, an increment 10), and keep the
// reference: metrics live as long as the Metrics they came from. Label values must come from a bounded set:
// never an image name. All operations are safe from any thread.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace digester {

using Labels = std::map<std::string, std::string>;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same metric; `help` counts the first time.
  prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                   const std::vector<double>& upper_bounds, const Labels& labels = {});

  // Called before each exposition, to refresh gauges that are read and not counted (process figures).
  void before_exposition(std::function<void()> refresh);

  // Prometheus text format 0.0.4.
  std::string exposition() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digester
