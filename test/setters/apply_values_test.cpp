// The values behind setters, in Kptfiles and ConfigMaps.
#include "setters/apply_values.hpp"

#include <catch2/catch.hpp>

namespace digester::setters {
namespace {

using Catch::Matchers::Contains;
using Files = std::vector<std::pair<std::string, std::string>>;

std::string kptfile(std::string_view data) {
  return "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: app\npipeline:\n  mutators:\n"
         "  - image: gcr.io/kpt-fn/apply-setters:v0.2\n    " +
         std::string(data) + "\n";
}
std::string app(std::string_view image_line) {
  return "kind: Pod\nspec:\n  containers:\n  - image: " + std::string(image_line) + "\n";
}
const std::string kApp = app("r/web:2 # kpt-set: ${web}");

std::vector<Changed> apply(const Files& package, const std::vector<Setter>& setters) {
  std::vector<PackageFile> files;
  for (const auto& [path, text] : package)
    files.push_back({path, text});
  auto done = apply_values(files, setters);
  if (!done) FAIL(done.error().message);
  REQUIRE(done->size() == files.size());
  return std::move(*done);
}
std::string value_after(const std::string& data, const std::string& value) {
  return apply({{"app.yaml", kApp}, {"Kptfile", kptfile(data)}}, {{"web", value}})[1].text;
}

TEST_CASE("A value of the Kptfile becomes the setter's, and all else stays") {
  const auto done = apply(
      {{"app.yaml", kApp}, {"Kptfile", kptfile("configMap:\n      web: r/web:1 # mine\n      b: r/web:1")}},
      {{"web", "r/web:2"}});
  CHECK(done[0].text == kApp);
  CHECK(done[1].text == kptfile("configMap:\n      web: r/web:2 # mine\n      b: r/web:1"));
  CHECK(done[1].changes ==
        std::vector<Change>{{9, "pipeline.mutators[0].configMap.web", "r/web:1", "r/web:2"}});
}

TEST_CASE("A value keeps its quotes, and gets some where it would be a number") {
  CHECK(value_after("configMap: {web: '1'}", "2") == kptfile("configMap: {web: '2'}"));
  CHECK(value_after("configMap: {web: v1}", "1.28") == kptfile("configMap: {web: \"1.28\"}"));
  CHECK(value_after("configMap: {web: v1}", "v2") == kptfile("configMap: {web: v2}"));
}

TEST_CASE("A ConfigMap that the Kptfile names, once however often it is named") {
  const std::string config = "apiVersion: v1\nkind: ConfigMap\ndata:\n  web: r/web:1\n";
  const auto done = apply({{"p/app.yaml", kApp},
                           {"p/Kptfile", kptfile("configPath: s.yaml\n  - image: x/apply-setters\n    "
                                                 "configPath: s.yaml")},
                           {"p/s.yaml", config},
                           {"s.yaml", config}},
                          {{"web", "r/web:2"}});
  CHECK(done[2].text == "apiVersion: v1\nkind: ConfigMap\ndata:\n  web: r/web:2\n");
  CHECK(done[2].changes.size() == 1);
  CHECK(done[3].text == config);
}

TEST_CASE("What governs no field of that setter is left alone") {
  const auto kpt = kptfile("configMap: {web: r/web:1}");
  CHECK(apply({{"a/app.yaml", kApp}, {"b/Kptfile", kpt}}, {{"web", "r/web:2"}})[1].text == kpt);
  CHECK(apply({{"app.yaml", app("a # kpt-set: ${other}")}, {"Kptfile", kpt}}, {{"web", "x"}})[1].text == kpt);
  CHECK(apply({{"/dev/stdin", kApp}, {"Kptfile", kpt}}, {{"web", "r/web:2"}})[1].text == kpt);
}

TEST_CASE("What cannot be written is a warning with its line") {
  for (const std::string data : {"configMap:\n      web: |\n        a\n        b\n      c: d",
                                 "configMap: {web: &w r/web:1, other: *w}"}) {
    const auto done = apply({{"app.yaml", kApp}, {"Kptfile", kptfile(data)}}, {{"web", "r/web:2"}})[1];
    CHECK(done.text == kptfile(data));
    CHECK(done.changes.empty());
    REQUIRE(done.warnings.size() == 1);
    CHECK(done.warnings[0].line == (data.find('\n') == std::string::npos ? 8 : 9));
    CHECK_THAT(done.warnings[0].cause, Contains("configMap.web cannot be set") && Contains("next render"));
    CHECK_THAT(done.warnings[0].cure, Contains("r/web:2"));
  }
}

TEST_CASE("A ResourceList is a package of its own") {
  const std::string list =
      "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
      "- {apiVersion: kpt.dev/v1, kind: Kptfile, metadata: {annotations: {config.kubernetes.io/path: "
      "Kptfile}},\n"
      "   pipeline: {mutators: [{image: apply-setters, configMap: {web: r/web:1}}]}}\n"
      "- kind: Pod\n  apiVersion: v1\n  metadata: {annotations: {config.kubernetes.io/path: a.yaml}}\n"
      "  image: r/web:2 # kpt-set: ${web}\n";
  const auto kpt = kptfile("configMap: {web: r/web:1}");
  const auto done = apply({{"/dev/stdin", list}, {"Kptfile", kpt}}, {{"web", "r/web:2"}});
  CHECK_THAT(done[0].text, Contains("configMap: {web: r/web:2}"));
  CHECK(done[1].text == kpt);
}

}  // namespace
}  // namespace digester::setters
