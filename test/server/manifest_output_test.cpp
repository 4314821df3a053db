#include "app/manifest_output.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace digester;

namespace {

std::string stream(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts)
    app::append_documents(out, text);
  return out;
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
