#include "webhook/deadline.hpp"

#include <catch2/catch.hpp>

using namespace digester;
using namespace std::chrono_literals;

TEST_CASE("the API server's time limit is read from the query") {
  CHECK(webhook::timeout_of("timeout=10s") == 10s);
  CHECK(webhook::timeout_of("a=b&timeout=1s&c") == 1s);
  CHECK_FALSE(webhook::timeout_of(""));
  CHECK_FALSE(webhook::timeout_of("timeout="));
  CHECK_FALSE(webhook::timeout_of("timeout=0s"));
  CHECK_FALSE(webhook::timeout_of("timeout=-1s"));
  CHECK_FALSE(webhook::timeout_of("xtimeout=10s"));
}

TEST_CASE("the answer leaves before the API server gives up, and within the budget") {
  const SteadyTime received(1h);
  const auto allowed = [&](std::string_view query, Duration budget) {
    return webhook::deadline(received, query, budget) - received;
  };
  CHECK(allowed("timeout=10s", 5s) == 5s);
  CHECK(allowed("timeout=30s", 60s) == 29s);
  CHECK(allowed("timeout=2s", 5s) == 1800ms);
  CHECK(allowed("timeout=1s", 5s) == 900ms);
  CHECK(allowed("timeout=100ms", 5s) == 50ms);
  CHECK(allowed("", 5s) == 5s);
  CHECK(allowed("timeout=1000000h", 5s) == 5s);
}
