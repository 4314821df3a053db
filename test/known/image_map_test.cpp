#include "known/image_map.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::known {
namespace {

using Catch::Matchers::StartsWith;

const std::string kImage = "r.example/app-0123@" + test::kDigest;

TEST_CASE("pairs a line, YAML and JSON say the same") {
  for (const auto& text :
       {"example.com/cmd/app=" + kImage + "\n", "# built\n\nko://example.com/cmd/app " + kImage,
        "example.com/cmd/app\t" + kImage + "\r\n", "example.com/cmd/app: " + kImage + "\n",
        "---\nko://example.com/cmd/app: '" + kImage + "'\n",
        "{\"ko://example.com/cmd/app\": \"" + kImage + "\"}",
        "\xEF\xBB\xBF{\"example.com/cmd/app\":\"" + kImage + "\"}\n",
        "example.com/cmd/app:\n  " + kImage + "\n", "example.com/cmd/app = " + kImage.substr(0) + "\n"}) {
    CAPTURE(text);
    const auto map = ImageMap::read(text);
    if (text.find(" = ") != std::string::npos) {
      CHECK(!map);  // "= r.example…" is no reference
      continue;
    }
    REQUIRE(map);
    CHECK(map->find("ko://example.com/cmd/app") == kImage);
    CHECK(!map->find("example.com/cmd/app"));
    CHECK(!map->find("ko://example.com/cmd/app2"));
    CHECK(!map->find("ko://Example.com/cmd/app"));
  }
  CHECK(ImageMap::read("").value().size() == 0);
  CHECK(ImageMap::read("a=r/e:1\nb=r/e:2\na=r/e:1\n").value().size() == 2);
}

TEST_CASE("what is no map is told with its line") {
  const auto error = [](const std::string& text) { return test::error_of(ImageMap::read(text)); };
  CHECK(error("a=r/e:1\n\na=r/e:2\n") == "line 3: a has another reference on line 1; remove one of them");
  CHECK_THAT(error("a=r/e:1\nb\n"), StartsWith("line 2: \"b\" is no pair; a map has "));
  CHECK_THAT(error("a=r/e:1\nb=X Y\n"), StartsWith("line 2: the reference of b: "));
  CHECK_THAT(error("a: r/e:1\na: r/e:2\n"), StartsWith("line 2: the key \"a\" is there twice"));
  CHECK_THAT(error("a: r/e:1\nko://a: r/e:2\n"), StartsWith("line 2: a has another reference on line 1"));
  CHECK_THAT(error("- a\n"), StartsWith("line 1: no map; "));
  CHECK_THAT(error("a: [b]\n"), StartsWith("line 1: \"a\" has no reference; "));
  CHECK_THAT(error("a:\n"), StartsWith("line 1: \"a\" has no reference; "));
  CHECK_THAT(error("=r/e:1\n"), StartsWith("line 1: \"\" is no import path; "));
  CHECK_THAT(error("r.example/app@sha256:00\n"), StartsWith("line 1: no map; "));
  CHECK_THAT(error("{\"a\": \"b\""), StartsWith("line 2"));
}

}  // namespace
}  // namespace digester::known
