// A ResourceList that is a kpt package with setters.
#include "krm/kpt_setters.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace digester::krm {
namespace {

using Catch::Matchers::Contains;

const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";

std::string package(const std::string& comment, const std::string& setter = "web: r.example/web:1 # mine") {
  return "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
         "- apiVersion: kpt.dev/v1\n  kind: Kptfile\n  metadata:\n    name: app\n    annotations:\n"
         "      internal.config.kubernetes.io/path: 'Kptfile'\n  pipeline:\n    mutators:\n"
         "    - image: gcr.io/kpt-fn/apply-setters:v0.2\n      configMap:\n        " +
         setter +
         "\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web\n    annotations:\n"
         "      internal.config.kubernetes.io/path: 'web.yaml'\n  spec:\n    containers:\n"
         "    - image: r.example/web:1 # kpt-set: " +
         comment + "\n";
}

pin::Page pinned(const std::string& text) {
  static const auto rules = manifest::Rules::make().value();
  pin::Batch batch(rules, {});
  batch.add("standard input", text);
  for (std::size_t i = 0; i < batch.questions().size(); ++i)
    batch.answer(i, *image::Digest::parse(kDigest));
  batch.conclude();
  return batch.pages().front();
}

TEST_CASE("without being asked: a warning for the field that will be written over, at its item") {
  const auto page = pinned(package("${web}"));
  const auto done = look_after_setters(page, false).value();
  CHECK_FALSE(done.changed);
  REQUIRE(done.findings.size() == 1);
  CHECK(done.findings[0].severity == Severity::warning);
  CHECK(done.findings[0].kind == "Pod");
  CHECK(done.findings[0].file_path == "web.yaml");
  CHECK_THAT(done.findings[0].message, Contains("the setter web") && Contains("--pin-setters"));
}

TEST_CASE("asked: the setter's value gets the digest, and all else stays") {
  const auto page = pinned(package("${web}"));
  const auto done = look_after_setters(page, true).value();
  REQUIRE(done.changed);
  auto wanted = *page.changed;
  wanted.replace(wanted.find("r.example/web:1 # mine"), 15, "r.example/web:1@" + kDigest);
  CHECK(*done.changed == wanted);
  REQUIRE(done.findings.size() == 1);
  CHECK(done.findings[0].severity == Severity::info);
  CHECK(done.findings[0].kind == "Kptfile");
  CHECK_THAT(done.findings[0].message, Contains("pinned the setter web: it is r.example/web:1@sha256:9dab"));
}

TEST_CASE("a pattern of two setters without one for the digest: an error with the cure when asked") {
  const auto page = pinned(package("${image}:${tag}", "{image: r.example/web, tag: '1'}"));
  const auto done = look_after_setters(page, true).value();
  CHECK_FALSE(done.changed);
  REQUIRE(done.findings.size() == 1);
  CHECK(done.findings[0].severity == Severity::error);
  CHECK_THAT(done.findings[0].message, Contains("${image}:${tag}@${digest}"));
  CHECK(look_after_setters(page, false).value().findings.at(0).severity == Severity::warning);
}

TEST_CASE("refusals name the files of the objects, not lines of what the host handed over") {
  for (const auto& text : {package("${image}:${tag}", "{image: r.example/web, tag: '1'}"),
                           package("${web}", "web: r.example/old:1"),
                           package("${web}") + "    - image: r.example/b@sha256:" + std::string(64, 'b') +
                               " # kpt-set: ${web}\n",
                           package("r.example/web:1@${d}", "d: ''") + "    - image: r.example/b@sha256:" +
                               std::string(64, 'b') + " # kpt-set: r.example/b@${d}\n"}) {
    const auto done = look_after_setters(pinned(text), true).value();
    const auto refused = std::find_if(done.findings.begin(), done.findings.end(),
                                      [](const Finding& one) { return one.severity == Severity::error; });
    REQUIRE(refused != done.findings.end());
    INFO(refused->message);
    CHECK(refused->message.find("ResourceList") == std::string::npos);
    CHECK_THAT(refused->message, Contains("Kptfile"));
  }
}

TEST_CASE("no setters, nothing to say") {
  auto text = package("${web}");
  text.resize(text.find(" # kpt-set"));
  const auto done = look_after_setters(pinned(text + "\n"), true).value();
  CHECK_FALSE(done.changed);
  CHECK(done.findings.empty());
}

}  // namespace
}  // namespace digester::krm
