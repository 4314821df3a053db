#include "admission/match.hpp"

#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using test::at;
using test::digest;
using Kind = Match::Kind;

TEST_CASE("a digest is taken off where only it is missing") {
  CHECK(takes_digest_off(at("x:1", 'a'), "x:1", false));
  CHECK(takes_digest_off(at("x", 'a'), "x", false));
  CHECK(takes_digest_off("x@sha512:" + std::string(128, '0'), "x", false));
  CHECK_FALSE(takes_digest_off(at("x:1", 'a'), "x:2", false));
  CHECK_FALSE(takes_digest_off(at("x:10", 'a'), "x:1", false));
  CHECK_FALSE(takes_digest_off("x:1", "x:1", false));
  CHECK_FALSE(takes_digest_off("x:1@", "x:1", false));
  CHECK_FALSE(takes_digest_off("x:1@sha256:abc", "x:1", false));
  CHECK_FALSE(takes_digest_off(at("x:1", 'A'), "x:1", false));
  CHECK_FALSE(takes_digest_off(at("x", 'a'), "x:1", false));
  CHECK_FALSE(takes_digest_off(at("x:1", 'a'), at("x:1", 'b'), false));
}

TEST_CASE("with digest-only the repository decides") {
  CHECK(takes_digest_off(at("x", 'a'), "x:1", true));
  CHECK(takes_digest_off(at("x:1", 'a'), "x:1", true));
  CHECK(takes_digest_off(at("localhost:5000/x", 'a'), "localhost:5000/x:7", true));
  CHECK(takes_digest_off(at("localhost:5000/x", 'a'), "localhost:5000/x", true));
  CHECK_FALSE(takes_digest_off(at("localhost", 'a'), "localhost:5000/x:7", true));
  CHECK_FALSE(takes_digest_off(at("x", 'a'), "xy:1", true));
  CHECK_FALSE(takes_digest_off(at("xy", 'a'), "x:1", true));
  CHECK_FALSE(takes_digest_off(at("x:2", 'a'), "x:1", true));
  CHECK_FALSE(takes_digest_off(at("x", 'a'), at("x", 'b'), true));
  CHECK_FALSE(takes_digest_off("x:1", "x:1", true));
}

struct Lists {
  std::vector<ImageField> old_fields;
  bool digest_only = false;
  void add(std::uint32_t index, std::string_view name, std::string_view image, List list = List::containers,
           SpecPath spec = SpecPath::spec) {
    old_fields.push_back({spec, list, index, name, image});
  }
  Match find(std::uint32_t index, std::string_view name, std::string_view image, List list = List::containers,
             SpecPath spec = SpecPath::spec) const {
    return OldImages(old_fields, digest_only).find({spec, list, index, name, image});
  }
};

TEST_CASE("containers are matched by list and name, wherever they stand") {
  const auto pinned = at("x:1", 'a');
  Lists lists;
  lists.add(0, "a", "y");
  lists.add(1, "b", pinned);
  lists.add(0, "b", "init", List::init_containers);
  lists.add(0, "b", "volume", List::volumes);
  CHECK(lists.find(0, "a", "y").kind == Kind::unchanged);
  CHECK(lists.find(1, "a", "y").kind == Kind::unchanged);
  CHECK(lists.find(0, "a", "z").kind == Kind::changed);
  CHECK(lists.find(0, "c", "y").kind == Kind::added);
  CHECK(lists.find(5, "b", "x:1").kind == Kind::unpinned);
  CHECK(lists.find(1, "b", "x:1").old_image == pinned);
  CHECK(lists.find(1, "b", "x:2").kind == Kind::changed);
  CHECK(lists.find(0, "b", "x:1", List::init_containers).kind == Kind::changed);
  CHECK(lists.find(3, "b", "volume", List::volumes).kind == Kind::unchanged);
  CHECK(lists.find(0, "a", "y", List::ephemeral_containers).kind == Kind::added);
  CHECK(lists.find(0, "a", "y", List::containers, SpecPath::template_spec).kind == Kind::added);
}

TEST_CASE("questions may come in any order") {
  Lists lists;
  lists.add(0, "a", "x");
  lists.add(1, "b", "y");
  OldImages old(lists.old_fields, false);
  for (const auto index : {1u, 0u, 1u, 1u, 0u})
    CHECK(old.find({SpecPath::spec, List::containers, index, index == 0 ? "a" : "b", index == 0 ? "x" : "y"})
              .kind == Kind::unchanged);
}

TEST_CASE("of several with one name, nothing is guessed") {
  const auto first = at("x:1", 'a');
  const auto second = at("x:1", 'b');
  Lists lists;
  lists.add(0, "a", first);
  lists.add(1, "a", second);
  lists.add(2, "a", "y:1");
  SECTION("the same place goes first") {
    CHECK(lists.find(0, "a", "x:1").old_image == first);
    CHECK(lists.find(1, "a", "x:1").old_image == second);
  }
  SECTION("then the same string, which stays") {
    CHECK(lists.find(0, "a", "y:1").kind == Kind::unchanged);
    CHECK(lists.find(9, "a", second).kind == Kind::unchanged);
  }
  SECTION("elsewhere two digests leave it open") {
    CHECK(lists.find(9, "a", "x:1").kind == Kind::ambiguous);
  }
  SECTION("elsewhere one digest is the one") {
    lists.old_fields[1].image = first;
    CHECK(lists.find(9, "a", "x:1").old_image == first);
  }
  SECTION("something else is a change") {
    CHECK(lists.find(0, "a", "z").kind == Kind::changed);
  }
}

TEST_CASE("with digest-only an exact string goes before the repository") {
  const auto exact = at("x:1", 'a');
  const auto by_name = at("x", 'b');
  Lists lists;
  lists.digest_only = true;
  lists.add(0, "a", by_name);
  lists.add(1, "a", exact);
  CHECK(lists.find(9, "a", "x:1").old_image == exact);
  CHECK(lists.find(9, "a", "x:2").old_image == by_name);
  CHECK(lists.find(9, "a", "x").old_image == by_name);
}

}  // namespace
}  // namespace digester::admission
