// Whole files, as docs and issues have them.
#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::manifest {
namespace {

using test::file;
using test::pin;
using test::replaced;
using Lines = std::vector<std::string>;

const std::string kFolder = DIGESTER_TEST_DATA "/manifests/";

std::string from(const std::string& name) {
  return replaced(file(kFolder + name), "REGISTRY", "127.0.0.1:5000");
}

TEST_CASE("every style in one stream: only the digests are added, and a second run adds nothing") {
  const auto pinned = pin(from("mixed.yaml"));
  CHECK(pinned.remarks == Lines{});
  CHECK(pinned.text == from("mixed.expected.yaml"));
  CHECK(pin(pinned.text).edits.empty());
}

TEST_CASE("the same with Windows line ends and a byte order mark") {
  const auto windows = [](const std::string& text) { return "\xEF\xBB\xBF" + replaced(text, "\n", "\r\n"); };
  const auto pinned = pin(windows(from("mixed.yaml")));
  CHECK(pinned.remarks == Lines{});
  CHECK(pinned.text == windows(from("mixed.expected.yaml")));
  CHECK(pin(pinned.text).edits.empty());
}

TEST_CASE("a kpt package's file keeps quotes and comments") {
  const auto pinned = pin(from("kpt/app.yaml"));
  CHECK(pinned.remarks == Lines{});
  CHECK(pinned.text == from("kpt/app.expected.yaml"));
  CHECK(pin(from("kpt/Kptfile")).edits.empty());
}

TEST_CASE("a bundle of several megabytes with three images") {
  std::string text;
  for (int i = 0; i < 3; ++i) {
    text +=
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  properties:\n";
    for (int j = 0; j < 12'000; ++j)
      text += fmt::format(
          "    p{}:\n      description: |-\n        What it is for, ümläut, image: x:{}\n      type: "
          "string\n",
          j, j);
    text += fmt::format(
        "---\nkind: Deployment\nspec: {{template: {{spec: {{containers: [{{image: x:{}}}]}}}}}}\n", i);
  }
  const auto pinned = pin(text);
  CHECK(pinned.edits.size() == 3);
  CHECK(test::without_digests(pinned.text) == text);
}

}  // namespace
}  // namespace digester::manifest
