#include "image/reference_memo.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

using namespace digester;
using image::ReferenceMemo;

TEST_CASE("a remembered reference is the one that parsing gives, whatever came between") {
  ReferenceMemo memo;
  // Many more texts than places: most places are taken over and over.
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < 4 * ReferenceMemo::kPlaces; ++i) {
      const auto text = fmt::format("r{}.example/team/app-{}:v{}", i % 7, i, i % 3);
      const auto remembered = memo.parse(text);
      REQUIRE(remembered);
      REQUIRE(remembered->original() == text);
      REQUIRE(remembered->path() == fmt::format("team/app-{}", i));
      REQUIRE(remembered->tag() == fmt::format("v{}", i % 3));
    }
}

TEST_CASE("the second time a text is not parsed again") {
  ReferenceMemo memo;
  const auto first = memo.parse("nginx:1.27");
  const auto second = memo.parse("nginx:1.27");
  CHECK(&first->original() == &second->original());
}

TEST_CASE("a reference outlives its place in the memo") {
  ReferenceMemo memo;
  const auto kept = memo.parse("nginx:1.27").value();
  for (std::size_t i = 0; i < 8 * ReferenceMemo::kPlaces; ++i)
    (void)memo.parse(fmt::format("app-{}", i));
  CHECK(kept.original() == "nginx:1.27");
}

TEST_CASE("what is no reference is an error each time") {
  ReferenceMemo memo;
  for (int i = 0; i < 2; ++i)
    CHECK(memo.parse("Not/A/Reference").error().kind == ErrorKind::invalid);
}

TEST_CASE("a text too long to be remembered is parsed all the same") {
  ReferenceMemo memo;
  const auto text = std::string(200, 'h') + ".example/" + std::string(200, 'p') + ":" + std::string(128, 't');
  REQUIRE(text.size() > ReferenceMemo::kLongest);
  const auto first = memo.parse(text);
  const auto second = memo.parse(text);
  REQUIRE(first);
  CHECK(second->original() == text);
  CHECK(&first->original() != &second->original());
}
