#include "yaml/writer.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace digester::yaml {
namespace {

std::string again(std::string_view text) {
  return write(read_trees(text).value().front()).value();
}

TEST_CASE("block style, lists not indented, empty ones in brackets") {
  CHECK(again("{a: {b: [1, {c: d, e: [f]}, [g, h]], i: {}, j: []}, k: , l: ~}") ==
        "a:\n"
        "  b:\n"
        "  - 1\n"
        "  - c: d\n"
        "    e:\n"
        "    - f\n"
        "  - - g\n"
        "    - h\n"
        "  i: {}\n"
        "  j: []\n"
        "k: null\n"
        "l: ~\n");
  CHECK(again("[a]") == "- a\n");
  CHECK(again("x") == "x\n");
  CHECK(again("{}") == "{}\n");
}

TEST_CASE("text that looks like anything else has quotes") {
  for (const std::string text : {"1.10",
                                 "010",
                                 "yes",
                                 "null",
                                 "Null",
                                 "~",
                                 "",
                                 "0x1F",
                                 "1e3",
                                 "1_000",
                                 "12:30:45",
                                 "2001-01-01",
                                 "2001-01-01 10:00:00",
                                 ".inf",
                                 "-.INF",
                                 ".nan",
                                 "true",
                                 "OFF",
                                 "y",
                                 "N",
                                 "=",
                                 "<<",
                                 "-1",
                                 "+1",
                                 ".5",
                                 "- a",
                                 "a: b",
                                 "a #b",
                                 "#a",
                                 "a:",
                                 " a",
                                 "a ",
                                 "&a",
                                 "*a",
                                 "!a",
                                 "|",
                                 "%a",
                                 "@a",
                                 "`a",
                                 "[a",
                                 "{a",
                                 "? a",
                                 "---",
                                 "a\tb",
                                 "\"",
                                 "'a'",
                                 "0o7",
                                 "0b1",
                                 "1.",
                                 "\xC3\xBC"}) {
    CAPTURE(text);
    CHECK(!is_plain_text(text));
    const auto written = write(Tree::text(text)).value();
    CHECK(written.front() == '"');
    const auto read = read_trees(written).value().front();
    CHECK(read.is_text);
    CHECK(read.scalar == text);
  }
  for (const std::string text :
       {"a",
        "1.2.3",
        "v1.10",
        "127.0.0.1:5000/team/web:1.10",
        "--flag=1",
        "-x",
        "a b",
        "/bin/sh",
        "e2e",
        "8am",
        "r/e@sha256:cb5c1bddd1b5665e1867a7fa1b5fa843a47ee433bbb75d4293888b71def53229",
        "app.kubernetes.io/name",
        "100m",
        "10Gi",
        "a,b",
        "nope",
        "_",
        ".hidden",
        "$(VAR)",
        "a'b",
        "12e",
        "x{y}"}) {
    CAPTURE(text);
    CHECK(is_plain_text(text));
    CHECK(write(Tree::text(text)).value() == text + "\n");
  }
}

TEST_CASE("what is no text stays as it was written") {
  for (const std::string text : {"010", "yes", "0x1F", "1_000", "1.10", "-5", "2001-01-01", ".inf", "~",
                                 "null", "TRUE", "12:30", "a b", "it's"}) {
    CAPTURE(text);
    CHECK(again("k: " + text) == "k: " + text + "\n");
  }
  CHECK(again("k: 'it''s'\nl: \"010\"\nm: '1.10'\n'yes': on\nno: 1\n") ==
        "k: it's\nl: \"010\"\nm: \"1.10\"\n\"yes\": on\nno: 1\n");
  CHECK(again("k: \xC3\xBC\n") == "k: \"\xC3\xBC\"\n");
  CHECK(again("k: a\n  b\n") == "k: a b\n");
  CHECK(again(" ...\n x\n") == "\"... x\"\n");
  CHECK(again("k: a\n\n  b\n") == "k: |-\n  a\n  b\n");
}

TEST_CASE("several lines are a block where that says the same") {
  CHECK(again("k: |\n  a\n   b\n\n  c\n") == "k: |\n  a\n   b\n\n  c\n");
  CHECK(again("k: |-\n  a\n  b\n") == "k: |-\n  a\n  b\n");
  CHECK(again("k: |+\n  a\n\n\n") == "k: |+\n  a\n\n\n");
  CHECK(again("- |\n  a\n  b\n") == "- |\n  a\n  b\n");
  CHECK(again("k: \"a \\nb\"\n") == "k: \"a \\nb\"\n");
  CHECK(again("k: \"\\n\\na\"\n") == "k: \"\\n\\na\"\n");
  CHECK(again("k: \" a\\nb\"\n") == "k: \" a\\nb\"\n");
}

TEST_CASE("comments stand behind a scalar, and keys have a limit") {
  auto tree = Tree::mapping();
  tree.at("image") = Tree::text("r/e");
  tree.at("image").comment = "set later";
  tree.at("x") = Tree::text("y");
  CHECK(write(tree).value() == "image: r/e  # set later\nx: \"y\"\n");
  tree.at(std::string(257, 'k')) = Tree::text("y");
  CHECK(!write(tree));
}

// Any tree of any text is read again as the same.
TEST_CASE("random trees survive") {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random()) % n; };
  const std::string alphabet[] = {"a",
                                  "Z",
                                  "0",
                                  "1",
                                  ".",
                                  "-",
                                  "_",
                                  ":",
                                  " ",
                                  "#",
                                  "\n",
                                  "\t",
                                  "\"",
                                  "'",
                                  "\\",
                                  "&",
                                  "*",
                                  "!",
                                  "|",
                                  ">",
                                  "%",
                                  "@",
                                  "[",
                                  "]",
                                  "{",
                                  "}",
                                  ",",
                                  "?",
                                  "=",
                                  "~",
                                  "e",
                                  "x",
                                  "\xC3\xBC",
                                  "\xE2\x80\xA8",
                                  "\xC2\x85",
                                  "\r",
                                  "\xEF\xBB\xBF",
                                  "\x1b"};
  const auto text = [&] {
    std::string out;
    for (auto n = below(9); n > 0; --n)
      out += alphabet[below(std::size(alphabet))];
    return out;
  };
  const std::function<Tree(unsigned)> tree = [&](unsigned depth) {
    const auto kind = depth == 0 ? 0 : below(3);
    if (kind == 0) return Tree::text(text());
    auto out = kind == 1 ? Tree::sequence() : Tree::mapping();
    for (auto n = below(4); n > 0; --n) {
      if (kind == 1)
        out.items.push_back(tree(depth - 1));
      else
        out.at(text()) = tree(depth - 1);
    }
    return out;
  };
  const std::function<void(const Tree&, const Tree&)> compare = [&](const Tree& a, const Tree& b) {
    REQUIRE(a.kind == b.kind);
    REQUIRE(a.scalar == b.scalar);
    REQUIRE(a.items.size() == b.items.size());
    REQUIRE(a.members.size() == b.members.size());
    for (std::size_t i = 0; i < a.items.size(); ++i)
      compare(a.items[i], b.items[i]);
    for (std::size_t i = 0; i < a.members.size(); ++i) {
      REQUIRE(a.members[i].key == b.members[i].key);
      compare(a.members[i].value, b.members[i].value);
    }
  };
  for (int i = 0; i < 5'000; ++i) {
    const auto original = tree(4);
    const auto written = write(original);
    INFO((written ? *written : written.error().message));
    REQUIRE(written);
    compare(original, read_trees(read_yaml(*written)).value().front());
  }
}

}  // namespace
}  // namespace digester::yaml
