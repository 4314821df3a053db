#include "known/ko_references.hpp"

#include <catch2/catch.hpp>

#include "known/image_map.hpp"
#include "support.hpp"

namespace digester::known {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

const std::string kImage = "r.example/app-0123@" + test::kDigest;

std::optional<std::string> all(std::string_view) {
  return kImage;
}
std::optional<std::string> none(std::string_view) {
  return std::nullopt;
}

KoReplaced replace(std::string_view text, const Lookup& lookup = all) {
  return replace_ko(text, find_ko(text).value(), lookup).value();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

TEST_CASE("the scenario's Deployment: both images, comment and quotes stay") {
  const auto text = test::scenario("ko/deployment.yaml");
  const std::string reference = "ko://example.com/hello-world/cmd/ko-example";
  const auto found = find_ko(text).value();
  REQUIRE(found.size() == 2);
  CHECK(found[0].value == reference);
  CHECK(found[0].import_path() == "example.com/hello-world/cmd/ko-example");
  CHECK(found[0].line == 12);
  CHECK(found[1].line == 14);
  CHECK(replace(text).text == replaced(text, reference, kImage));
  CHECK(replace(text).references == std::vector<std::string>{kImage, kImage});
  const auto untouched = replace(text, none);
  CHECK(untouched.text == text);
  REQUIRE(untouched.unresolved.size() == 2);
  CHECK(unresolved_message(untouched.unresolved[0]) ==
        "unresolved ko:// reference ko://example.com/hello-world/cmd/ko-example; say what it was built into "
        "(--image-map FILE), let ko build it (--ko), or run ko resolve before");
}

TEST_CASE("any value is replaced, in every style, and nothing else") {
  const std::string text =
      "apiVersion: example.com/v1\r\n"
      "kind: Thing\r\n"
      "spec: {image: ko://a/b, args: [--image, ko://a/b , 'ko://a/b', --x=ko://a/b]}\r\n"
      "note: see ko://a/b # ko://a/b\r\n"
      "ko://a/b: key\r\n"
      "block: >-\r\n"
      "  ko://a/b\r\n"
      "\r\n"
      "anchored: &x !!str ko://a/b\r\n"
      "alias: *x\r\n"
      "--- # ko://a/b\r\n"
      "- \"ko://a/b\"\r\n"
      "...\r\n";
  const auto found = find_ko(text).value();
  std::vector<std::size_t> lines;
  for (const auto& reference : found)
    lines.push_back(reference.line);
  CHECK(lines == std::vector<std::size_t>{3, 3, 3, 6, 9, 12});
  auto expected = text;
  for (const auto* place :
       {"image: ko://a/b", ", ko://a/b ", "'ko://a/b'", "  ko://a/b\r", "!!str ko://a/b", "\"ko://a/b\""})
    expected = replaced(expected, place, replaced(place, "ko://a/b", kImage));
  CHECK(replace(text).text == expected);
}

TEST_CASE("JSON too, by its escapes if it must") {
  CHECK(replace(R"({"image": "ko://a/b"})").text == "{\"image\": \"" + kImage + "\"}");
  const auto escaped = replace(R"({"image": "ko:\/\/a\/b"})");
  REQUIRE(escaped.unresolved.size() == 1);
  CHECK_THAT(unresolved_message(escaped.unresolved[0]),
             StartsWith("unresolved ko:// reference ko://a/b: it is not written plainly; "));
}

TEST_CASE("white space around it is refused with the cure") {
  const auto block = replace("a: |\n  ko://a/b\n");
  REQUIRE(block.unresolved.size() == 1);
  CHECK_THAT(unresolved_message(block.unresolved[0]), Contains("|- in the place of |"));
  CHECK(block.text == "a: |\n  ko://a/b\n");
  CHECK(replace("a: 'ko://a/b '\n").unresolved.size() == 1);
  CHECK(replace("a: ko://a/b\n  c\n").unresolved.size() == 1);
}

TEST_CASE("some are known and some are not") {
  const auto map = ImageMap::read("a/b=" + kImage + "\n").value();
  const auto out = replace("- ko://a/b\n- ko://c\n", [&](std::string_view value) { return map.find(value); });
  CHECK(out.text == "- " + kImage + "\n- ko://c\n");
  REQUIRE(out.unresolved.size() == 1);
  CHECK(out.unresolved[0].line == 2);
}

TEST_CASE("a text without any is left alone, and one that is no YAML is an error") {
  CHECK(find_ko("a: b\n").value().empty());
  CHECK(find_ko("{{ no yaml\n").value().empty());
  CHECK_THAT(test::error_of(find_ko("a: ko://x\n\tb: [\n")), StartsWith("line 2: "));
}

}  // namespace
}  // namespace digester::known
