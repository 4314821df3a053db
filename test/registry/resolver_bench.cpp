// Figures, not checks: `test_registry_resolver [.bench]`.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <thread>

#include "registry/cache.hpp"
#include "registry/resolver_fixture.hpp"

using namespace digester;
using namespace digester::registry_test;
using namespace std::chrono_literals;
using registry::Freshness;

namespace {

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stol(line.substr(6));
  return 0;
}

}  // namespace

TEST_CASE("memory of 100,000 cached images", "[.bench]") {
  constexpr int kImages = 100'000;
  SystemClock clock;
  registry::Cache cache(clock, {});
  const auto empty = resident_kib();
  for (int i = 0; i < kImages; ++i)
    cache.store(
        reference(fmt::format("registry.example.com/team-{}/service-{}:v1.{}.{}", i % 50, i / 50, i % 30, i)),
        i % 3 ? user("team" + std::to_string(i % 50)) : Credential::anonymous(), digest(i), clock.now(),
        "namespace-" + std::to_string(i % 200));
  const auto full = resident_kib();
  const auto stats = cache.digests();
  std::printf("memory: %zu entries, %ld KiB resident, %zu KiB by our own count, %.1f bytes an image\n",
              stats.entries, full - empty, stats.bytes / 1024,
              1024.0 * static_cast<double>(full - empty) / static_cast<double>(stats.entries));
  CHECK(stats.entries == kImages);
}

TEST_CASE("peek that hits", "[.bench]") {
  constexpr int kImages = 1000;
  constexpr int kPeeks = 2'000'000;
  ResolverFixture f;
  f.settings.cache_ttl = 1h;
  f.lookup.script = [](auto&, auto&) -> FakeLookup::Answer { return digest('1'); };
  f.provider.of_namespace = {{"team", {user("team")}}};
  std::vector<registry::Query> queries;
  for (int i = 0; i < kImages; ++i)
    queries.push_back(ResolverFixture::query(fmt::format("registry.example.com/team/service-{}:v1.{}", i, i),
                                             Freshness::cached, i % 2 ? "team" : ""));
  f.ask(queries);
  for (const auto& query : queries)
    REQUIRE(f.resolver().peek(query));
  for (const int threads : {1, 2}) {
    for (const bool one_image : {false, true}) {
      for (const std::size_t with_credential : {0U, 1U}) {
        const auto run = [&] {
          int hits = 0;
          for (int i = 0; i < kPeeks; ++i) {
            const auto at = one_image ? with_credential
                                      : (static_cast<std::size_t>(i) % (kImages / 2)) * 2 + with_credential;
            hits += f.resolver().peek(queries[at]).has_value();
          }
          if (hits != kPeeks) std::abort();
        };
        const auto start = std::chrono::steady_clock::now();
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; ++t)
          workers.emplace_back(run);
        for (auto& worker : workers)
          worker.join();
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        std::printf("peek: %d thread(s), %s, %s: %.0f ns\n", threads, one_image ? "one image" : "many images",
                    with_credential ? "one credential" : "anonymous", took.count() / kPeeks);
      }
    }
  }
}
