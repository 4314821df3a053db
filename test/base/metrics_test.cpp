#include "base/metrics.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace digester;

TEST_CASE("metrics are written in the text format") {
  Metrics metrics;
  metrics.counter("digester_things_total", "Things seen.", {{"outcome", "good"}}).Increment(3);
  metrics.gauge("digester_level", "How much.").Set(1.5);
  metrics.histogram("digester_seconds", "How long.", {0.1, 1}).Observe(0.5);
  const auto text = metrics.exposition();
  CHECK_THAT(text, Catch::Contains("# HELP digester_things_total Things seen.\n"));
  CHECK_THAT(text, Catch::Contains("# TYPE digester_things_total counter\n"));
  CHECK_THAT(text, Catch::Contains("digester_things_total{outcome=\"good\"} 3\n"));
  CHECK_THAT(text, Catch::Contains("digester_level 1.5\n"));
  CHECK_THAT(text, Catch::Contains("digester_seconds_bucket{le=\"0.1\"} 0\n"));
  CHECK_THAT(text, Catch::Contains("digester_seconds_bucket{le=\"1\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("digester_seconds_bucket{le=\"+Inf\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("digester_seconds_count 1\n"));
}

TEST_CASE("the same name and labels are the same metric, other labels another") {
  Metrics metrics;
  auto& a = metrics.counter("c_total", "C.", {{"k", "a"}});
  auto& again = metrics.counter("c_total", "other help", {{"k", "a"}});
  auto& b = metrics.counter("c_total", "C.", {{"k", "b"}});
  CHECK(&a == &again);
  CHECK(&a != &b);
  a.Increment();
  again.Increment();
  const auto text = metrics.exposition();
  CHECK_THAT(text, Catch::Contains("c_total{k=\"a\"} 2\n"));
  CHECK_THAT(text, Catch::Contains("c_total{k=\"b\"} 0\n"));
  CHECK(text.find("# HELP c_total") == text.rfind("# HELP c_total"));
}

TEST_CASE("label values are escaped") {
  Metrics metrics;
  metrics.counter("c_total", "C.", {{"k", "a\"b\\c\nd"}}).Increment();
  CHECK_THAT(metrics.exposition(), Catch::Contains(R"(c_total{k="a\"b\\c\nd"} 1)"));
}

TEST_CASE("gauges that are read and not counted are refreshed before each exposition") {
  Metrics metrics;
  auto& gauge = metrics.gauge("g", "G.");
  int calls = 0;
  metrics.before_exposition([&] { gauge.Set(++calls); });
  CHECK_THAT(metrics.exposition(), Catch::Contains("g 1\n"));
  CHECK_THAT(metrics.exposition(), Catch::Contains("g 2\n"));
}

TEST_CASE("a refresher may use the metrics") {
  Metrics metrics;
  metrics.before_exposition([&] { metrics.gauge("late", "L.").Set(1); });
  CHECK_THAT(metrics.exposition(), Catch::Contains("late 1\n"));
}

TEST_CASE("threads count together") {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      auto& counter = metrics.counter("c_total", "C.");
      for (int n = 0; n < 1000; ++n)
        counter.Increment();
      (void)metrics.exposition();
    });
  for (auto& thread : threads)
    thread.join();
  CHECK_THAT(metrics.exposition(), Catch::Contains("c_total 4000\n"));
}
