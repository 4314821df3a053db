#include "app/manifest_output.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace digester;

namespace {

std::string stream(const std::vector<std::string>& texts) {
  std::vector<app::NamedText> named;
  for (const auto& text : texts)
    named.push_back({"file.yaml", text});
  const auto joined = app::join_documents(named);
  return joined ? *joined : joined.error().message;
}

}  // namespace

TEST_CASE("one text stays as it is") {
  CHECK(stream({"\xEF\xBB\xBFkind: a"}) == "\xEF\xBB\xBFkind: a");
}

TEST_CASE("between files stands ---, unless the next one has it") {
  CHECK(stream({"a: 1\n", "b: 2\n"}) == "a: 1\n---\nb: 2\n");
  CHECK(stream({"a: 1\n", "---\nb: 2\n"}) == "a: 1\n---\nb: 2\n");
  CHECK(stream({"a: 1\n", "# first\n\n--- # second\nb: 2\n"}) == "a: 1\n# first\n\n--- # second\nb: 2\n");
  CHECK(stream({"a: 1\n", "---b: 2\n"}) == "a: 1\n---\n---b: 2\n");
  CHECK(stream({"a: 1\n", "# nothing\n", "b: 2\n"}) == "a: 1\n---\n# nothing\n---\nb: 2\n");
  CHECK(stream({"{\"a\": 1}\n", "{\"b\": 2}\n"}) == "{\"a\": 1}\n---\n{\"b\": 2}\n");
}

TEST_CASE("a file without a last line break gets one, for the next to begin on its own line") {
  CHECK(stream({"a: 1", "b: 2"}) == "a: 1\n---\nb: 2");
  CHECK(stream({"a: 1\r\n", "b: 2\r\n"}) == "a: 1\r\n---\nb: 2\r\n");
}

TEST_CASE("a byte order mark stands at the beginning alone") {
  CHECK(stream({"a: 1\n",
                "\xEF\xBB\xBF"
                "b: 2\n"}) == "a: 1\n---\nb: 2\n");
}

TEST_CASE("directives follow an ended document") {
  CHECK(stream({"a: 1\n", "%YAML 1.1\n---\nb: 2\n"}) == "a: 1\n...\n%YAML 1.1\n---\nb: 2\n");
}

TEST_CASE("a block scalar does not take the line break that divides it from the next file") {
  CHECK(stream({"a: |\n  x", "b: 2\n"}) == "a: |-\n  x\n---\nb: 2\n");
  CHECK(stream({"a: >2 # folded\n   x", "b: 2\n"}) == "a: >2- # folded\n   x\n---\nb: 2\n");
  CHECK(stream({"a: |+\n  x", "b: 2\n"}) == "a: |-\n  x\n---\nb: 2\n");
  CHECK(stream({"a: &x !!str |\n  - |", "b: 2\n"}) == "a: &x !!str |-\n  - |\n---\nb: 2\n");
  CHECK(stream({"- |\n  x\n- - |\r\n    y\r\n    z", "b: 2\n"}) ==
        "- |\n  x\n- - |-\r\n    y\r\n    z\n---\nb: 2\n");
  CHECK(stream({"a: |\n  x", "b: |\n  y"}) == "a: |-\n  x\n---\nb: |\n  y");
  CHECK(stream({"a: |\n  x\n# the end", "b: 2\n"}) == "a: |\n  x\n# the end\n---\nb: 2\n");
  CHECK(stream({"a: |\n  x\n  ", "b: 2\n"}) == "a: |\n  x\n  \n---\nb: 2\n");
}

TEST_CASE("what would be read as something else is not printed") {
  CHECK(stream({"a: |\n  x\n", "b: 2\n"}) == "a: |\n  x\n---\nb: 2\n");
  CHECK(stream({"a: |-\n  x", "b: 2\n"}) == "a: |-\n  x\n---\nb: 2\n");
  CHECK(stream({"b: 2\n", "a: |\n  x"}) == "b: 2\n---\na: |\n  x");
  // A block that keeps its blank lines would keep those of the next text.
  CHECK_THAT(stream({"a: |+\n  x\n", "\n\n---\nb: 2\n"}),
             Catch::Matchers::StartsWith("file.yaml: it cannot be printed"));
  CHECK_THAT(stream({"# only\n", "%YAML 1.1\n---\nb: 2\n"}), Catch::Matchers::Contains("cannot be printed"));
  CHECK_THAT(stream({"{\"a\": 1}{\"b\": 2}", "c: 3\n"}), Catch::Matchers::Contains("cannot be printed"));
}
