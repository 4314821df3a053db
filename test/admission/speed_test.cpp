// How long a decision takes beside reading the JSON. Hidden: run with `test_admission "[.bench]"`.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

// Of processor time, so that it holds on a busy machine too.
template <typename Work>
double microseconds(Work work) {
  constexpr int kRounds = 5'000;
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto started = std::clock();
    for (int i = 0; i < kRounds; ++i)
      work();
    best = std::min(best, 1e6 * static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC / kRounds);
  }
  return best;
}

void measure(const std::string& name, const std::string& text) {
  std::string copy = text;
  json::Document document;
  const auto parse = microseconds([&] { document.parse(copy).value(); });
  const auto root = document.parse(copy).value();
  const Policy policy;
  const auto review = parse_review(root).value();
  const auto plan = make_plan(review, policy);
  const std::vector<Outcome> outcomes(plan.lookups.size(), known('a', Source::cache));
  const auto answer = decide(plan, outcomes);
  const auto reading = microseconds([&] { (void)parse_review(root); });
  const auto planning = microseconds([&] { (void)make_plan(review, policy); });
  const auto deciding = microseconds([&] { (void)decide(plan, outcomes); });
  const auto rendering = microseconds([&] { (void)render(review, answer); });
  std::cout << fmt::format(
      "{:28} {:6} bytes, {:2} images: JSON {:6.2f} us; review {:5.2f} + plan {:5.2f} + decide {:5.2f} + "
      "render {:5.2f} = {:5.2f} us\n",
      name, text.size(), answer.images.size(), parse, reading, planning, deciding, rendering,
      reading + planning + deciding + rendering);
}

TEST_CASE("the cost of a decision", "[.bench]") {
  const auto pod = captured("create-pod-by-replicaset");
  std::string containers = "[";
  for (int i = 0; i < 10; ++i)
    containers += std::string(i == 0 ? "" : ",") + R"({"name":"c)" + std::to_string(i) +
                  R"(","image":"r.io/team/i)" + std::to_string(i) +
                  R"(:1","resources":{},"terminationMessagePath":"/dev/termination-log"})";
  const auto ten = json_set(pod, "/request/object/spec/containers", containers + "]");
  std::string env = "[";
  for (int i = 0; i < 250; ++i)
    env += std::string(i == 0 ? "" : ",") + R"({"name":"VARIABLE_)" + std::to_string(i) +
           R"(","value":"some value of it"})";
  const auto large = json_set(ten, "/request/object/spec/containers/0/env", env + "]");
  measure("pod by a ReplicaSet", pod);
  measure("pod with ten containers", ten);
  measure("20 KB with ten containers", large);
  measure("Deployment restarted", captured("update-deployment-restart"));
  measure("ReplicaSet scaled (passes)", captured("update-replicaset-scale"));
  measure("pod labelled (passes)",
          json_set(as_update(ten), "/request/object/metadata/labels", R"({"x":"y"})"));
}

}  // namespace
}  // namespace digester::admission
