#include "yaml/tree.hpp"

#include <catch2/catch.hpp>

namespace digester::yaml {
namespace {

using Catch::Matchers::StartsWith;

Tree one(std::string_view text) {
  auto trees = read_trees(text).value();
  REQUIRE(trees.size() == 1);
  return std::move(trees.front());
}

std::string error(std::string_view text, const TreeLimits& limits = {}) {
  const auto trees = read_trees(text, limits);
  return trees ? "" : trees.error().message;
}

TEST_CASE("a tree has values, and whether they are text whatever they look like") {
  const auto tree = one("a: 1\nb: '1'\nc: [x, {d: y}]\ne:\nf: !!str 010\n");
  CHECK(tree.find("a")->scalar == "1");
  CHECK(!tree.find("a")->is_text);
  CHECK(tree.find("b")->is_text);
  CHECK(tree.find("e")->is_null());
  CHECK(tree.find("f")->is_text);
  CHECK(tree.find("g") == nullptr);
  CHECK(tree.find("b")->line == 2);
}

TEST_CASE("block scalars, documents, JSON") {
  CHECK(one("a: |\n  two\n  lines\n").find("a")->scalar == "two\nlines\n");
  const auto trees = read_trees("a: 1\n---\n---\nb: 2\n").value();
  REQUIRE(trees.size() == 3);
  CHECK(trees[1].is_null());
  CHECK(trees[2].find("b")->scalar == "2");
  CHECK(one(R"({"a": "\ud83d\ude00", "b": 10})").find("a")->scalar == "\xF0\x9F\x98\x80");
  CHECK(read_trees("").value().empty());
}

TEST_CASE("aliases and merges are followed, own members win, and of merged ones the first") {
  const auto tree =
      one("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: own\nw: {<<: *y, '<<': text}\nv: "
          "*x\n");
  const auto* z = tree.find("z");
  CHECK(z->find("a")->scalar == "own");
  CHECK(z->find("b")->scalar == "2");
  CHECK(z->find("c")->scalar == "4");
  CHECK(tree.find("w")->find("<<")->scalar == "text");
  CHECK(equal(*tree.find("v"), *tree.find("x")));
}

TEST_CASE("what readers disagree about is an error with its line") {
  CHECK(error("a: 1\nb: 2\na: 3\n") ==
        "line 3: the key \"a\" is there twice, on line 1 too; remove one of them");
  CHECK_THAT(error("x: &x {a: 1}\nz:\n  a: own\n  <<: *x\n"),
             StartsWith("line 3: the key \"a\" is brought by the << below it too, and readers disagree"));
  CHECK(error("x: &x {a: 1}\nz:\n  a: 1\n  <<: *x\n").empty());
  CHECK(error("z:\n  <<: 5\n") == "line 2: << merges what is no mapping; write the members out");
  CHECK(error("a: 1\nnull: 2\n") == "line 2: a key that is null; write it in quotes if it is meant");
  CHECK(error("&x : 2\n") == "line 1: a key that is null; write it in quotes if it is meant");
  CHECK(error("'null': 2\n").empty());
  CHECK(error("? [a]\n: b\n") == "line 1: a key that is no text");
  CHECK(error("a: !thing b\n") == "line 1: the tag !thing is not known here");
}

TEST_CASE("limits hold") {
  CHECK(error("[[[[x]]]]", {.depth = 3}) != "");
  CHECK(error("[[[x]]]", {.depth = 3}).empty());
  CHECK(error("a\n", {.bytes = 1}) == "line 1: longer than 1 bytes");
  CHECK(error("[1, 2, 3]", {.nodes = 3}) == "line 1: the document is too large");
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i)
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" +
            std::to_string(i - 1) + "]\n";
  CHECK(error(bomb) != "");
}

TEST_CASE("members are added and removed") {
  auto tree = one("a: 1\n");
  tree.at("b") = Tree::text("x");
  tree.at("a") = Tree::text("y");
  CHECK(tree.find("a")->scalar == "y");
  CHECK(tree.members.size() == 2);
  tree.erase("a");
  CHECK(tree.find("a") == nullptr);
  auto unsorted = one("c: {z: 1, y: 2}\nb: [{q: 1, p: 2}]\n");
  sort_keys(unsorted);
  CHECK(unsorted.members[0].key == "b");
  CHECK(unsorted.members[1].value.members[0].key == "y");
  CHECK(unsorted.members[0].value.items[0].members[0].key == "p");
}

}  // namespace
}  // namespace digester::yaml
