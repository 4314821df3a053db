// SARIF as the schema wants it, in what of it we write.
#include <catch2/catch.hpp>

#include <vector>

#include "json/value.hpp"
#include "report/writers.hpp"

using namespace digester;
using report::Finding;
using report::Rule;
using report::Severity;

namespace {

struct Log {
  json::Document document;
  json::Value run;
};

Log read(const std::vector<Finding>& findings) {
  Log log;
  const auto root = log.document.parse(report::write_sarif(findings, "1.2.3"));
  REQUIRE(root);
  CHECK(root->find("version").string_or("") == "2.1.0");
  CHECK(root->find("$schema").string_or("").starts_with("https://"));
  REQUIRE(root->find("runs").size() == 1);
  for (const auto run : root->find("runs").elements())
    log.run = run;
  return log;
}

std::string_view uri_of(json::Value result, bool* below_root = nullptr) {
  for (const auto location : result.find("locations").elements()) {
    const auto artifact = location.at({"physicalLocation", "artifactLocation"});
    if (below_root) *below_root = artifact.find("uriBaseId").string_or("") == "%SRCROOT%";
    return artifact.find("uri").string_or("(none)");
  }
  return "(no location)";
}

std::string uri(const std::string& file, bool* below_root = nullptr) {
  const auto log = read({{Rule::unpinned, Severity::error, file, 1, {}, {}, {}, {}, "m"}});
  for (const auto result : log.run.find("results").elements())
    return std::string(uri_of(result, below_root));
  return {};
}

}  // namespace

TEST_CASE("a SARIF log holds each rule with help, and results point at theirs", "[report]") {
  const auto log = read({{Rule::moved,
                          Severity::error,
                          "a.yaml",
                          7,
                          {"v1", "Pod", "p", ""},
                          "spec.x",
                          "i:1",
                          "i:1@d",
                          "moved",
                          "cure"},
                         {Rule::pinned, Severity::note, "-", 0, {}, {}, {}, {}, "m"}});
  const auto driver = log.run.at({"tool", "driver"});
  CHECK(driver.find("name").string_or("") == "digester");
  CHECK(driver.find("version").string_or("") == "1.2.3");
  std::vector<std::string> ids;
  for (const auto rule : driver.find("rules").elements()) {
    ids.emplace_back(rule.find("id").string_or(""));
    CHECK(!rule.at({"help", "text"}).string_or("").empty());
    CHECK(!rule.at({"shortDescription", "text"}).string_or("").empty());
    CHECK(!rule.at({"defaultConfiguration", "level"}).string_or("").empty());
  }
  std::vector<json::Value> results;
  for (const auto result : log.run.find("results").elements()) {
    CHECK(ids.at(static_cast<std::size_t>(result.find("ruleIndex").integer().value())) ==
          result.find("ruleId").string_or(""));
    CHECK(result.at({"partialFingerprints", "digester/v1"}).string_or("").size() == 16);
    results.push_back(result);
  }
  REQUIRE(results.size() == 2);
  CHECK(results[0].find("level").string_or("") == "error");
  CHECK(results[0].at({"message", "text"}).string_or("") == "moved; cure");
  CHECK(uri_of(results[0]) == "a.yaml");
  for (const auto location : results[0].find("locations").elements()) {
    CHECK(location.at({"physicalLocation", "region", "startLine"}).integer() == 7);
    for (const auto logical : location.find("logicalLocations").elements())
      CHECK(logical.find("fullyQualifiedName").string_or("") == "Pod p: spec.x");
  }
  CHECK(results[1].find("level").string_or("") == "note");
  CHECK(!results[1].find("locations").present());
}

TEST_CASE("files are URIs relative to the root of the sources", "[report]") {
  bool below_root = false;
  CHECK(uri("./k8s//web app.yaml", &below_root) == "k8s/web%20app.yaml");
  CHECK(below_root);
  CHECK(uri("a:b/c%d\xc3\xa9.yaml") == "a%3Ab/c%25d%C3%A9.yaml");
  CHECK(uri("x/../y.yaml") == "y.yaml");
  CHECK(uri("../y.yaml", &below_root) == "../y.yaml");
  CHECK(!below_root);
  CHECK(uri("/srv/a b/../y.yaml", &below_root) == "file:///srv/y.yaml");
  CHECK(!below_root);
}

TEST_CASE("a fingerprint stays when lines move, and tells images apart", "[report]") {
  const auto print = [](std::size_t line, const std::string& image) {
    const auto log = read({{Rule::unpinned, Severity::error, "a.yaml", line, {}, "f", image, {}, "m"}});
    for (const auto result : log.run.find("results").elements())
      return std::string(result.at({"partialFingerprints", "digester/v1"}).string_or(""));
    return std::string();
  };
  CHECK(print(1, "a") == print(2, "a"));
  CHECK(print(1, "a") != print(1, "b"));
}

TEST_CASE("a SARIF log without findings is a run without results", "[report]") {
  const auto log = read({});
  CHECK(log.run.find("results").is_array());
  CHECK(log.run.find("results").size() == 0);
}
