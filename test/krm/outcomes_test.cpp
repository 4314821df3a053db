// From what became of images to results.
#include "krm/outcomes.hpp"

#include <catch2/catch.hpp>

#include "krm/input.hpp"

namespace digester::krm {
namespace {

const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";

const std::string kList = R"(apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: web
    namespace: shop
    annotations:
      internal.config.kubernetes.io/path: pods/web.yaml
      internal.config.kubernetes.io/index: '2'
  spec:
    containers:
    - {name: a, image: "r.example/web:1"}
    - {name: b, image: r.example/none:1}
    - {name: c, image: "{{ .Values.image }}"}
    - {name: d, image: "r.example/x@)" +
                          kDigest + R"("}
)";

std::vector<Finding> findings(const Reporting& how = {}) {
  const auto rules = manifest::Rules::make().value();
  pin::Batch batch(rules, {});
  batch.add("standard input", kList);
  for (std::size_t i = 0; i < batch.questions().size(); ++i)
    if (batch.questions()[i].original().ends_with("web:1"))
      batch.answer(i, *image::Digest::parse(kDigest));
    else
      batch.answer(i, fail(ErrorKind::not_found, "r.example/none:1: not there"));
  batch.conclude();
  return findings_of(batch.pages().front(), how);
}

TEST_CASE("pinned, failed, noticed: each with its object, field and file") {
  const auto all = findings();
  REQUIRE(all.size() == 3);
  for (const auto& finding : all) {
    CHECK(finding.kind == "Pod");
    CHECK(finding.name == "web");
    CHECK(finding.namespace_ == "shop");
    CHECK(finding.file_path == "pods/web.yaml");
    CHECK(finding.file_index == "2");
    CHECK(finding.message.find("line ") == std::string::npos);
  }
  CHECK(all[0].severity == Severity::warning);
  CHECK(all[1].severity == Severity::info);
  CHECK(all[1].message == "pinned r.example/web:1");
  CHECK(all[1].field_path == "spec.containers[0].image");
  CHECK(all[1].current_value == "r.example/web:1");
  CHECK(all[1].proposed_value == "r.example/web:1@" + kDigest);
  CHECK(all[2].severity == Severity::error);
  CHECK(all[2].message == "r.example/none:1: not there");
  CHECK(all[2].current_value == "r.example/none:1");
  CHECK(all[2].proposed_value.empty());
}

TEST_CASE("errors that are to be ignored are warnings, and what is less than wanted is left out") {
  CHECK(findings({Severity::info, true})[2].severity == Severity::warning);
  CHECK(findings({Severity::warning, false}).size() == 2);
  CHECK(findings({Severity::error, false}).size() == 1);
  CHECK(findings({Severity::error, true}).empty());
}

}  // namespace
}  // namespace digester::krm
