#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "kustomization/edit.hpp"

namespace digester::kustomization {
namespace {

const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";

std::string file_text(const std::string& name) {
  std::ifstream in(std::string(DIGESTER_TEST_DATA) + "/manifests/kustomize/" + name, std::ios::binary);
  REQUIRE(in);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// With `D` for the digest. All that `built` asks for is pinned.
std::string pinned(std::string_view text, const std::vector<std::string>& built,
                   PlanOptions options = {true, true}) {
  const auto file = read(text);
  if (!file) return "error: " + file.error().message;
  std::vector<Answer> answers;
  const auto steps = plan(*file, built, options).steps;
  REQUIRE_FALSE(steps.empty());
  for (const auto& step : steps)
    answers.push_back({step, *image::Digest::parse(kDigest)});
  auto out = write_digests(text, *file, answers);
  if (!out) return "error: " + out.error().message;
  for (std::size_t at; (at = out->find(kDigest)) != std::string::npos;)
    out->replace(at, kDigest.size(), "D");
  return *out;
}

TEST_CASE("Scenario F") {
  const auto text = file_text("kustomization.yaml");
  auto expected = file_text("kustomization.expected.yaml");
  expected.replace(expected.find(kDigest), kDigest.size(), "D");
  CHECK(pinned(text, {"REGISTRY/team/web:1.10"}) == expected);
}

TEST_CASE("A line behind newTag, or behind the last value") {
  CHECK(pinned("images:\n  -  name: a\n     newTag: '1' # one\n     newName: b # two\n", {"b:1"}) ==
        "images:\n  -  name: a\n     newTag: '1' # one\n     digest: D\n     newName: b # two\n");
  CHECK(pinned("images:\r\n- name: a   # x\r\n# end\r\nb: c\r\n", {"a:1"}) ==
        "images:\r\n- name: a   # x\r\n  newTag: \"1\"\r\n  digest: D\r\n# end\r\nb: c\r\n");
  CHECK(pinned("images:\n- name: a", {"a"}) == "images:\n- name: a\n  digest: D");
  CHECK(pinned("\xEF\xBB\xBFimages:\n-\n    name: a\n\n\n", {"a"}) ==
        "\xEF\xBB\xBFimages:\n-\n    name: a\n    digest: D\n\n\n");
  CHECK(pinned("images:\n- name: b\n- name: a\n- name: c\n", {"a:1.10"}) ==
        "images:\n- name: b\n- name: a\n  newTag: \"1.10\"\n  digest: D\n- name: c\n");
}

TEST_CASE("In flow style and JSON") {
  CHECK(pinned("images: [{name: a, newTag: '1'}, {name: b}]\n", {"a:1", "b:2"}) ==
        "images: [{name: a, newTag: '1', digest: \"D\"}, {name: b, newTag: \"2\", digest: \"D\"}]\n");
  CHECK(pinned("images:\n- {name: a, newTag: '1',\n   newName: b , }\n", {"b:1"}) ==
        "images:\n- {name: a, newTag: '1', digest: \"D\",\n   newName: b , }\n");
  CHECK(pinned("{\"images\": [{\"name\": \"a\"}]}\n", {"a:1", "b"}) ==
        "{\"images\": [{\"name\": \"a\", \"newTag\": \"1\", \"digest\": \"D\"}, {\"name\": \"b\", "
        "\"digest\": \"D\"}]}\n");
  CHECK(pinned("{\"resources\": [\"a\"]}", {"b"}) ==
        "{\"resources\": [\"a\"], \"images\": [{\"name\": \"b\", \"digest\": \"D\"}]}");
}

TEST_CASE("A digest that is there changes in its quotes") {
  for (const std::string_view old : {"sha256:00", "'sha256:00'", "\"sha256:00\""}) {
    const auto text = fmt::format("images:\n- digest: {} # c\n  name: a\n  newTag: '1'\n", old);
    auto expected = text;
    expected.replace(expected.find("sha256:00"), 9, "D");
    CHECK(pinned(text, {"a:1@sha256:00"}) == expected);
  }
  CHECK(pinned("images:\n- {name: a, newTag: '1', digest: sha256:00}\n", {"a:1@sha256:00"}) ==
        "images:\n- {name: a, newTag: '1', digest: \"D\"}\n");
  CHECK(pinned("images:\n- name: a\n  digest:\n  newTag: '1'\n", {"a:1"}) ==
        "images:\n- name: a\n  digest: D\n  newTag: '1'\n");
}

TEST_CASE("New entries come last") {
  CHECK(pinned("images:\n  - name: b\n    newTag: '2' # c\n\n# next\nx: y\n", {"a:1.10", "z"}) ==
        "images:\n  - name: b\n    newTag: '2' # c\n  - name: a\n    newTag: \"1.10\"\n    digest: D\n"
        "  - name: z\n    digest: D\n\n# next\nx: y\n");
  CHECK(pinned("images:\n- name: b\n", {"b:2", "a"}) ==
        "images:\n- name: b\n  newTag: \"2\"\n  digest: D\n- name: a\n  digest: D\n");
  CHECK(pinned("images: []\nx: y\n", {"a"}) == "images: [{name: \"a\", digest: \"D\"}]\nx: y\n");
  CHECK(pinned("images: # none\nx: y\n", {"a"}) == "images: # none\n- name: a\n  digest: D\nx: y\n");
}

TEST_CASE("A list that is missing comes last") {
  CHECK(pinned("resources:\n- a.yaml # x\n", {"a:1"}) ==
        "resources:\n- a.yaml # x\nimages:\n- name: a\n  newTag: \"1\"\n  digest: D\n");
  CHECK(pinned("resources: [\n a.yaml ]\n# end\n...\n", {"a"}) ==
        "resources: [\n a.yaml ]\nimages:\n- name: a\n  digest: D\n# end\n...\n");
  CHECK(pinned("patches:\n- patch: |-\n    kind: X\n    name: y\n\n# end\n", {"a"}) ==
        "patches:\n- patch: |-\n    kind: X\n    name: y\n\nimages:\n- name: a\n  digest: D\n# end\n");
  CHECK(pinned("patches:\n- patch: |-\n    kind: X", {"a"}) ==
        "patches:\n- patch: |-\n    kind: X\nimages:\n- name: a\n  digest: D");
  CHECK(pinned("resources:\n- a.yaml\nnamePrefix:", {"a"}) ==
        "resources:\n- a.yaml\nnamePrefix:\nimages:\n- name: a\n  digest: D");
}

TEST_CASE("What cannot be added to is refused") {
  CHECK(pinned("  resources:\n  - a.yaml\n", {"a"}).find("error: the images: are written in a way") == 0);
}

TEST_CASE("Once pinned, nothing is left to do") {
  const std::string text = "images:\n- name: a\n  newTag: '1'\n  digest: " + kDigest + "\n";
  const auto file = read(text).value();
  CHECK(plan(file, std::vector<std::string>{"a:1@" + kDigest}, {true, false}).steps.empty());
  CHECK(write_digests(text, file, {}).value() == text);
}

}  // namespace
}  // namespace digester::kustomization
