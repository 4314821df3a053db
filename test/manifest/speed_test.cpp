// How long finding and pinning take. Hidden: run with `test_manifest "[.bench]"`.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "support.hpp"

namespace digester::manifest {
namespace {

template <typename Work>
double milliseconds(Work work) {
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const auto started = std::clock();
    work();
    best = std::min(best, 1e3 * static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC);
  }
  return best;
}

TEST_CASE("the cost of pinning ResourceLists", "[.bench]") {
  for (const int count : {1, 1'000, 10'000}) {
    std::string text = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n";
    for (int i = 0; i < count; ++i)
      text += fmt::format(
          "- apiVersion: apps/v1\n  kind: Deployment\n  metadata:\n    name: web-{0}\n    annotations:\n"
          "      internal.config.kubernetes.io/path: 'a/{0}.yaml'\n  spec:\n    template:\n      spec:\n"
          "        containers:\n        - name: web\n          image: r.example/team/web:{1}\n          "
          "args: [\"on\"]\n",
          i, i % 100);
    const auto images = find_images(text, test::built_in()).value();
    std::vector<Edit> edits;
    for (const auto& field : images.fields)
      edits.push_back(pinning(field, test::digest_of("x")).value());
    const auto finding = milliseconds([&] { (void)find_images(text, test::built_in()); });
    const auto changing = milliseconds([&] { (void)apply_edits(text, edits).value(); });
    std::cout << fmt::format("{:6} Deployments, {:5.2f} MB: find {:7.2f} ms, apply and verify {:7.2f} ms\n",
                             count, static_cast<double>(text.size()) / 1e6, finding, changing);
  }
}

}  // namespace
}  // namespace digester::manifest
