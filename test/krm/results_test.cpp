// Results put into ResourceLists in every style: what was there stays, byte for byte.
#include "krm/results.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <array>
#include <vector>

#include "yaml/writer.hpp"

namespace digester::krm {
namespace {

using Catch::Matchers::Contains;

Finding pinned(const std::string& image = "r.example/web:1.10") {
  Finding finding;
  finding.message = "pinned " + image;
  finding.api_version = "apps/v1";
  finding.kind = "Deployment";
  finding.name = "web";
  finding.field_path = "spec.template.spec.containers[0].image";
  finding.current_value = image;
  finding.proposed_value = image + "@sha256:9dab";
  finding.file_path = "app.yaml";
  finding.file_index = "0";
  return finding;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

Result<std::string> append(std::string text, const Layout& layout, const std::vector<Finding>& findings,
                           std::optional<Severity> least = Severity::info) {
  const auto before = text;
  if (auto appended = append_results(text, layout, findings, least); !appended) {
    CHECK(text == before);
    return fail(appended.error());
  }
  return text;
}

Result<std::string> append(const std::string& text, const std::vector<Finding>& findings = {pinned()}) {
  return append(text, read_input(text).value().layout, findings);
}

// The one piece that `after` has more than `before`.
std::string inserted(const std::string& before, const std::string& after) {
  REQUIRE(after.size() > before.size());
  const auto [a, b] = std::mismatch(before.begin(), before.end(), after.begin());
  const auto at = static_cast<std::size_t>(a - before.begin());
  const auto size = after.size() - before.size();
  for (std::size_t i = 0; i <= at; ++i) {
    if (after.substr(0, at - i) + after.substr(at - i + size) == before) return after.substr(at - i, size);
  }
  FAIL("more than one place was changed");
  return {};
}

const std::string kHead = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";
const std::string kBlock =
    "- message: pinned r.example/web:1.10\n"
    "  severity: info\n"
    "  resourceRef:\n"
    "    apiVersion: apps/v1\n"
    "    kind: Deployment\n"
    "    name: web\n"
    "  field:\n"
    "    path: spec.template.spec.containers[0].image\n"
    "    currentValue: r.example/web:1.10\n"
    "    proposedValue: r.example/web:1.10@sha256:9dab\n"
    "  file:\n"
    "    path: app.yaml\n"
    "    index: 0\n";

TEST_CASE("none: the text is what it was") {
  CHECK(append(kHead + "items: []", {}).value() == kHead + "items: []");
}

TEST_CASE("behind the last key of a block") {
  const auto text = kHead + "items:\n- kind: Pod # c\n";
  CHECK(append(text).value() == text + "results:\n" + kBlock);
}

TEST_CASE("before the closing dots, and behind comments that may be an item's") {
  const auto text = kHead + "items:\n- kind: Pod\n  # of the Pod\n# at the end\n";
  const auto after = append(text + "...\n# behind\n").value();
  CHECK_THAT(after, Catch::Matchers::StartsWith(text + "results:\n- message: ") &&
                        Catch::Matchers::EndsWith("    index: 0\n...\n# behind\n"));
}

TEST_CASE("indented as the items are") {
  CHECK_THAT(append(kHead + "items:\n  - kind: Pod\n").value(),
             Contains("\nresults:\n  - message: pinned") && Contains("\n    severity: info\n"));
  CHECK_THAT(
      append("  apiVersion: config.kubernetes.io/v1\n  kind: ResourceList\n  items:\n    - kind: Pod\n")
          .value(),
      Contains("\n  results:\n    - message: pinned") && Contains("\n      severity: info\n"));
}

TEST_CASE("one line's end at the end of a file that has none") {
  const auto text = kHead + "items:\n- kind: Pod";
  CHECK_THAT(append(text).value(), Catch::Matchers::StartsWith(text + "\nresults:\n- message"));
}

TEST_CASE("Windows' line ends are kept") {
  const auto text = replaced(kHead + "items:\n- kind: Pod\n", "\n", "\r\n");
  const auto after = append(text).value();
  CHECK(replaced(after, "\r\n", "").find_first_of("\r\n") == std::string::npos);
  CHECK_THAT(after, Catch::Matchers::StartsWith(text + "results:\r\n- message"));
}

TEST_CASE("a block scalar at the end would take the line for its own: then they come first") {
  const auto text = kHead + "items:\n- kind: |\n    Pod";
  const auto after = append(text).value();
  CHECK_THAT(after, Catch::Matchers::StartsWith("results:\n- message") && Catch::Matchers::EndsWith(text));
  const auto ended = text + "\n\n\n";
  CHECK_THAT(append(ended).value(), Catch::Matchers::StartsWith(ended + "results:\n"));
  const auto keeps = kHead + "items:\n- kind: |+\n    Pod\n\n";
  CHECK_THAT(append(keeps).value(), Catch::Matchers::StartsWith(keeps + "results:\n"));
}

TEST_CASE("within brackets") {
  const std::string text = "{kind: ResourceList, apiVersion: config.kubernetes.io/v1, items: [{kind: Pod}]";
  const auto after = append(text + "} # c\n").value();
  CHECK_THAT(after, Catch::Matchers::StartsWith(
                        text + ", results: [{\"message\": \"pinned r.example/web:1.10\", ") &&
                        Catch::Matchers::EndsWith("\"index\": 0}}]} # c\n"));
  CHECK_THAT(append(text + ",}\n").value(), Catch::Matchers::EndsWith("\"index\": 0}}],}\n"));
}

TEST_CASE("JSON stays JSON, on one line or on many") {
  const std::string text =
      R"({"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[{"kind":"Pod"}])";
  CHECK(
      append(text + "}\n").value() ==
      text +
          R"(,"results":[{"message":"pinned r.example/web:1.10","severity":"info","resourceRef":{"apiVersion":)"
          R"("apps/v1","kind":"Deployment","name":"web"},"field":{"path":"spec.template.spec.containers[0].image",)"
          R"("currentValue":"r.example/web:1.10","proposedValue":"r.example/web:1.10@sha256:9dab"},)"
          R"("file":{"path":"app.yaml","index":0}}]})"
          "\n");
  const std::string spread =
      "{\n  \"apiVersion\": \"config.kubernetes.io/v1\",\n  \"kind\": \"ResourceList\",\n  \"items\": []";
  const auto after = append(spread + "\n}\n", {pinned("a"), pinned("b")}).value();
  CHECK_THAT(after, Catch::Matchers::StartsWith(spread + ",\n  \"results\": [\n    {\"message\"") &&
                        Contains("},\n    {\"message\"") && Catch::Matchers::EndsWith("}\n  ]\n}\n"));
}

TEST_CASE("results that are there are extended") {
  const auto two = [](const std::string& text) {
    const auto after = append(text).value();
    INFO(after);
    CHECK(read_input(after).value().layout.results_count == 2);
    inserted(text, after);
    return after;
  };
  CHECK_THAT(two(kHead + "items: []\nresults:\n- message: a\n  severity: info\n"),
             Contains("\n  severity: info\n- message: pinned"));
  CHECK_THAT(two(kHead + "results:\n  - message: a # c\n# of items\nitems: []\n"),
             Contains("a # c\n  - message: pinned") && Contains("index: 0\n# of items\nitems"));
  two(kHead + "results:\n- message: |\n    a\n\nitems: []\n");
  two(kHead + "items: []\nresults:\n- message: a");
  CHECK_THAT(two(kHead + "results: [{message: a}]\nitems: []\n"), Contains("[{message: a}, {\"message\""));
  CHECK_THAT(two(kHead + "results: [{message: a},\n  ]\nitems: []\n"), Contains("a}, {\"message\""));
  CHECK_THAT(
      two(R"({"results":[{"message":"a"}],"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList"})"),
      Contains(R"("a"},{"message")"));
}

TEST_CASE("results that are empty or null") {
  const auto one = [](const std::string& text) {
    const auto after = append(text).value();
    INFO(after);
    CHECK(read_input(after).value().layout.results_count == 1);
    return after;
  };
  CHECK_THAT(one(kHead + "items: []\nresults: []\n"), Contains("results: [{\"message\""));
  CHECK_THAT(one(kHead + "items: []\nresults: [ ] # c\n"),
             Contains("results: [ {\"message\"") && Contains("}] # c"));
  CHECK_THAT(one(kHead + "results:\nitems: []\n"), Contains("results: [{\"message\""));
  CHECK_THAT(one(kHead + "results: null # c\nitems: []\n"), Contains("}] # c\n"));
  CHECK_THAT(one(kHead + "results: ~\nitems: []\n"), Contains("results: [{"));
  one(R"({"results":null,"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList"})");
  one(R"({"results":[],"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList"})");
}

TEST_CASE("results that are no list cannot be extended, and that is said") {
  for (const std::string text :
       {"results: text\n", "results: {a: b}\n", "x: &a []\nresults: *a\n", "results: &a []\n"}) {
    const auto after = append(kHead + text);
    REQUIRE_FALSE(after);
    CHECK_THAT(after.error().message, Contains("results cannot be added"));
  }
}

TEST_CASE("texts that look like something else are read as what they are") {
  for (const std::string text :
       {"true",         "1.10",         "null",     "a: b", "a # b", "- a",  "",    " a",
        "a ",           "a\nb",         "\"q\" \\", "'",    "{a}",   "@x",   "é☃😀", "\xF3\xA0\x80\x81",
        "\xEF\xBB\xBF", "\xE2\x80\xA8", "\xC2\x85", "\x01", "\xFF",  "0x1f", "=",   "!a",
        "&a",           "*a",           "|",        ">",    "%",     "a:",   "~",   "y",
        "...",          "---"}) {
    auto finding = pinned();
    finding.message = "m" + text;
    finding.name = text;
    finding.file_path = text;
    finding.namespace_ = "1e3";
    for (const std::string& list :
         {kHead + "items: []\n", std::string("{kind: ResourceList, apiVersion: config.kubernetes.io/v1}\n"),
          std::string(R"({"kind":"ResourceList","apiVersion":"config.kubernetes.io/v1"})")}) {
      INFO(text << "\n" << list);
      const auto after = append(list, {finding});
      REQUIRE(after);
      inserted(list, *after);
      if (text == "\xFF") continue;
      const auto tree = yaml::read_trees(*after).value().at(0);
      const auto* ref = tree.find("results")->items.at(0).find("resourceRef");
      if (!text.empty()) {
        CHECK(ref->find("name")->scalar == text);
        CHECK((ref->find("name")->is_text || yaml::is_plain_text(text)));
      }
      CHECK(ref->find("namespace")->is_text);
    }
  }
}

TEST_CASE("an index that is no number is left out, and so is what is empty") {
  auto finding = pinned();
  finding.file_index = "01";
  finding.current_value.clear();
  finding.kind = finding.name = finding.api_version = "";
  const auto after = append(kHead + "items: []\n", {finding}).value();
  CHECK_THAT(after, !Contains("index") && !Contains("resourceRef") && !Contains("currentValue"));
}

TEST_CASE("scalars that were replaced meanwhile are allowed for, and no others") {
  const std::string before =
      kHead + "x: &a w:1\nitems:\n- *a\n- 'm:2'\n- n:3\nresults:\n- message: w:1\nend: z\n";
  const auto layout = read_input(before).value().layout;
  std::vector<Finding> findings;
  // In any order; the first place is that of two, by the alias.
  for (const auto& [place, old, now] :
       std::vector<std::array<std::string, 3>>{{"'m:2'", "m:2", "m@sha256:cd"},
                                               {"n:3", "n:3", "n"},
                                               {"&a w:1", "w:1", "w:1@sha256:ab"},
                                               {"&a w:1", "w:1", "w:1@sha256:ab"}}) {
    auto& finding = findings.emplace_back(pinned(old));
    finding.proposed_value = now;
    finding.replaced_at = before.find(place);
  }
  auto text = before;
  for (const auto& [old, now] : std::vector<std::pair<std::string, std::string>>{
           {"&a w:1", "&a w:1@sha256:ab"}, {"m:2", "m@sha256:cd"}, {"n:3", "n"}})
    text.replace(text.find(old), old.size(), now);
  const auto after = append(text, layout, findings);
  REQUIRE(after);
  CHECK_THAT(inserted(text, *after), Catch::Matchers::StartsWith("- message: pinned m:2\n"));
  CHECK_THAT(*after, Contains("- message: w:1\n- message: pinned m:2") && Contains("index: 0\nend: z\n"));
  CHECK(append(text, layout, findings, Severity::warning).value() == text);
  CHECK(append(text, layout, findings, std::nullopt).value() == text);
  // One less, another value, another place: each is a change that nobody told of, with results or without.
  for (const auto least : {std::optional(Severity::info), std::optional<Severity>()}) {
    auto fewer = findings;
    fewer[1].replaced_at.reset();
    CHECK_FALSE(append(text, layout, fewer, least));
    auto nowhere = findings;
    nowhere[0].replaced_at = 1;
    nowhere[0].current_value = nowhere[0].proposed_value = "x";
    CHECK_FALSE(append(before, layout, {nowhere[0]}, least));
    auto wrong = findings;
    wrong[0].proposed_value = "m@sha256:ce";
    CHECK_FALSE(append(text, layout, wrong, least));
    auto more = text;
    more.replace(more.find("end: z"), 6, "end: y");
    CHECK_FALSE(append(more, layout, findings, least));
  }
}

// In all combinations of what a ResourceList can look like at its ends.
TEST_CASE("any style: output less the results is the input, and what was read is read again") {
  const std::vector<std::string> starts{
      "", "---\n", "--- # c\n", "# c\n\n", "%YAML 1.1\n---\n", "--- !!map\n", "--- &r\n"};
  const std::vector<std::string> middles{
      "items: []\n",
      "items:\n- kind: Pod\n",
      "items:\n  - kind: Pod\n    spec: {containers: [{image: x}]}\n",
      "items:\n- &p {kind: Pod}\n- *p\n",
      "items:\n- kind: Pod\nfunctionConfig:\n  data:\n    a: |+\n      text\n\n",
      "items:\n- kind: Pod\nfunctionConfig:\n",
      "items:\n-\n",
      "items:\n- 'a\n\n  b'\n",
      "items:\n- ? a\n  : b\n",
      "items:\n- a: >-\n    folded\n    text\n",
      "items:\n- a: |2\n      text\n",
      "results:\n- message: old # c\nitems: []\n",
      "items: []\nresults:\n-   message: old\n    tags: {a: b}\n",
      "items: []\nresults: [ {message: old} ] # c\n",
      "items: []\nresults: # c\n",
  };
  const std::vector<std::string> ends{"",      "# end\n", "  # end, indented\n", "\n\n",
                                      "...\n", "---\n",   "# a\n...\n# b\n",     "   "};
  int count = 0;
  for (const std::string bom : {"", "\xEF\xBB\xBF"})
    for (const auto& start : starts)
      for (const auto& middle : middles)
        for (const auto& end : ends)
          for (const std::string line_end : {"\n", "\r\n", "\r"})
            for (const bool cut : {false, true}) {
              auto text = replaced(bom + start + kHead + middle + end, "\n", line_end);
              if (cut) text.resize(text.size() - (text.ends_with("\r\n") ? 2 : 1));
              INFO(text);
              const auto before = read_input(text);
              REQUIRE(before);
              if (before->form != Form::resource_list) continue;
              const auto after = append(text, before->layout, {pinned("a"), pinned("b")});
              INFO((after ? *after : after.error().message));
              REQUIRE(after);
              inserted(text, *after);
              const auto again = read_input(*after).value();
              CHECK(again.items == before->items);
              CHECK(again.layout.results_count == before->layout.results_count + 2);
              ++count;
            }
  CHECK(count > 8'000);
}

}  // namespace
}  // namespace digester::krm
