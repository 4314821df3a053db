#include "report/writers.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <vector>

#include "json/value.hpp"

using namespace digester;
using report::Finding;
using report::Format;
using report::Rule;
using report::Severity;

namespace {

Finding unpinned() {
  return {Rule::unpinned,
          Severity::error,
          "k8s/web.yaml",
          12,
          {"apps/v1", "Deployment", "web", "demo"},
          "spec.template.spec.containers[0].image",
          "r.example/web:1",
          "r.example/web:1@sha256:00",
          "r.example/web:1 has no digest",
          "run digester resolve -i k8s/web.yaml"};
}

}  // namespace

TEST_CASE("every rule has an id of its own, a name and a help", "[report]") {
  std::set<std::string_view> ids;
  for (const auto& rule : report::all_rules()) {
    CHECK(ids.insert(rule.id).second);
    CHECK(!rule.name.empty());
    CHECK(rule.summary.ends_with('.'));
    CHECK(rule.help.ends_with('.'));
  }
  CHECK(report::describe(Rule::unpinned).id == "unpinned-image");
  CHECK(report::describe(Rule::remark).id == "remark");
  CHECK(report::all_rules().size() == static_cast<std::size_t>(Rule::remark) + 1);
}

TEST_CASE("text is a line each, as compilers write them", "[report]") {
  const std::vector<Finding> findings{unpinned(),
                                      {Rule::remark, Severity::warning, "a.yaml", 0, {}, {}, {}, {}, "odd"}};
  CHECK(report::write_text(findings) ==
        "k8s/web.yaml:12: error: r.example/web:1 has no digest; run digester resolve -i k8s/web.yaml "
        "[unpinned-image]\n"
        "a.yaml: warning: odd [remark]\n");
  CHECK(report::write_text({}).empty());
}

TEST_CASE("text without a file begins with the severity, and colours are only those asked for", "[report]") {
  const std::vector<Finding> findings{{Rule::remark, Severity::note, "", 0, {}, {}, {}, {}, "m"}};
  CHECK(report::write_text(findings) == "note: m [remark]\n");
  CHECK(report::write_text(findings, true) == "\x1b[36mnote:\x1b[0m m [remark]\n");
}

TEST_CASE("a hostile file name or message stays on its line", "[report]") {
  auto finding = unpinned();
  finding.file = "a\nb\x1b[31m.yaml";
  finding.message = "x\r\ny";
  const auto text = report::write_text(std::vector{finding});
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
}

TEST_CASE("nothing in a report is a command to the runner that shows it", "[report]") {
  auto finding = unpinned();
  finding.file = "::stop-commands::x.yaml";
  finding.message = "##[stop-commands]x";
  const auto text = report::write_text(std::vector{finding});
  CHECK(text.starts_with("./::stop-commands::x.yaml:12: error: "));
  CHECK(text.find("##[") == std::string::npos);
  finding.file = "a\x1b[31m\xff.yaml";
  const auto commands = report::write_github(std::vector{finding});
  CHECK(commands.starts_with("::error file=a\\x1b[31m\\xff.yaml,line=12,"));
  CHECK(commands.find("##[") == std::string::npos);
}

TEST_CASE("JSON holds everything that is set and nothing that is not", "[report]") {
  const std::vector<Finding> findings{unpinned(),
                                      {Rule::pinned, Severity::note, "-", 0, {}, {}, {}, {}, "m"}};
  CHECK(report::write_json(findings, "1.2") ==
        R"({"version":1,"tool":{"name":"digester","version":"1.2"},"findings":[)"
        R"({"rule":"unpinned-image","severity":"error","file":"k8s/web.yaml","line":12,)"
        R"("object":{"apiVersion":"apps/v1","kind":"Deployment","namespace":"demo","name":"web"},)"
        R"("field":"spec.template.spec.containers[0].image","image":"r.example/web:1",)"
        R"("proposed":"r.example/web:1@sha256:00","message":"r.example/web:1 has no digest",)"
        R"("cure":"run digester resolve -i k8s/web.yaml"},)"
        R"({"rule":"pinned-image","severity":"note","file":"-","message":"m"}],)"
        R"("counts":{"error":1,"warning":0,"note":1}})"
        "\n");
}

TEST_CASE("JSON is JSON whatever the names hold", "[report]") {
  auto finding = unpinned();
  finding.file = "\xff\"\n.yaml";
  json::Document document;
  auto root = document.parse(report::write_json(std::vector{finding}, "1"));
  REQUIRE(root);
  CHECK(root->find("findings").size() == 1);
}

TEST_CASE("JSON and SARIF hold nothing that a terminal obeys, and the same values", "[report]") {
  auto finding = unpinned();
  finding.object.name =
      "x\xC2\x9B"
      "2J\xE2\x80\xAEy\xE2\x80\xA8\xC3\xA9\xE2\x82\xAC";
  const std::vector findings{finding};
  for (const auto& text : {report::write_json(findings, "1"), report::write_sarif(findings, "1")}) {
    CHECK(text.find("\\u009b2J\\u202ey\\u2028\xC3\xA9\xE2\x82\xAC") != std::string::npos);
    for (const char* raw : {"\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\xA8"})
      CHECK(text.find(raw) == std::string::npos);
  }
  json::Document document;
  auto root = document.parse(report::write_json(findings, "1"));
  REQUIRE(root);
  CHECK(root->find("findings").size() == 1);
}

TEST_CASE("GitHub's commands escape what the runner would take for its own", "[report]") {
  auto finding = unpinned();
  finding.file = "a,b:100%.yaml";
  finding.message = "50% of\r\nit: bad, very";
  finding.cure.clear();
  CHECK(report::write_github(std::vector{finding}) ==
        "::error file=a%2Cb%3A100%25.yaml,line=12,title=unpinned-image::50%25 of%0D%0Ait: bad, very\n");
}

TEST_CASE("GitHub's commands name no file for standard input, and a note is a notice", "[report]") {
  const std::vector<Finding> findings{{Rule::pinned, Severity::note, "-", 3, {}, {}, {}, {}, "m"},
                                      {Rule::remark, Severity::warning, "f", 0, {}, {}, {}, {}, "m"}};
  CHECK(report::write_github(findings) ==
        "::notice title=pinned-image::m\n::warning file=f,title=remark::m\n");
}

TEST_CASE("formats are known by their names", "[report]") {
  CHECK(report::parse_format("sarif") == Format::sarif);
  CHECK(report::parse_format("github") == Format::github);
  CHECK(!report::parse_format("SARIF"));
  CHECK(report::write(Format::text, std::vector{unpinned()}, "1") ==
        report::write_text(std::vector{unpinned()}));
}

TEST_CASE("subjects and counts are what people read", "[report]") {
  CHECK(report::Subject{"v1", "Pod", "a", "n"}.str() == "Pod n/a");
  CHECK(report::Subject{"v1", "Pod", "", "n"}.str() == "Pod");
  CHECK(report::Subject{}.str().empty());
  const auto counts = report::count(std::vector{unpinned(), unpinned()});
  CHECK(counts.errors == 2);
  CHECK(counts.warnings + counts.notes == 0);
}
