// Which bytes an event came from: the table of libyaml's marks, a case a row.
#include <catch2/catch.hpp>
#include <random>

#include "yaml/positions.hpp"
#include "yaml/reader.hpp"

namespace digester::yaml {
namespace {

struct Seen {
  std::string value, written;
  std::size_t begin = 0, line = 0;
};

// The first scalar with this value, and the bytes that it says it came from.
Seen scalar(const std::string& text, std::string_view value) {
  const auto reader = read_yaml(text);
  while (true) {
    const auto event = reader->next().value();
    if (event.kind == EventKind::stream_end) return {"none", {}};
    if (event.kind == EventKind::scalar && event.value == value)
      return {std::string(value), text.substr(event.begin, event.end - event.begin), event.begin, event.line};
  }
}

std::string written(const std::string& text, std::string_view value) {
  return scalar(text, value).written;
}

TEST_CASE("plain: to the last character of the content") {
  CHECK(written("a: x:1", "x:1") == "x:1");
  CHECK(written("a: x:1\n", "x:1") == "x:1");
  CHECK(written("a: x:1   \nb: 1\n", "x:1") == "x:1");
  CHECK(written("a: x:1\t\nb: 1\n", "x:1") == "x:1");
  CHECK(written("a: x:1 # c\n", "x:1") == "x:1");
  CHECK(written("a: x:1\t# c\n", "x:1") == "x:1");
  CHECK(written("{a: x:1, b: 2}\n", "x:1") == "x:1");
  CHECK(written("{a: x:1}\n", "x:1") == "x:1");
  CHECK(written("[x:1 , y]\n", "x:1") == "x:1");
  CHECK(written("- - x:1\n\n\n# end\n", "x:1") == "x:1");
}

TEST_CASE("plain over several lines: to the end of the last one") {
  CHECK(written("a: x\n  y # c\nb: 1\n", "x y") == "x\n  y");
}

TEST_CASE("quoted: with the quotes") {
  CHECK(written("a: 'x' # c\n", "x") == "'x'");
  CHECK(written("a: 'x'# c\n", "x") == "'x'");
  CHECK(written("a: \"x\"\n", "x") == "\"x\"");
  CHECK(written("a: \"\\x78\\u003a1\"\n", "x:1") == "\"\\x78\\u003a1\"");
  CHECK(written("a: \"x\\\n   y\"\n", "xy") == "\"x\\\n   y\"");
  CHECK(written("{a: 'it''s'}", "it's") == "'it''s'");
}

TEST_CASE("block scalars: to the next line that is not blank") {
  CHECK(written("a: >-\n  x\nb: 1\n", "x") == ">-\n  x\n");
  CHECK(written("a: |-\n  x\n\n  \n\nb: 1\n", "x") == "|-\n  x\n\n  \n\n");
  CHECK(written("a: |-\n  x\n  # not a comment\n", "x\n# not a comment") == "|-\n  x\n  # not a comment\n");
  CHECK(written("a: |-\n  x\n # comment\nb: 1\n", "x") == "|-\n  x\n");
  CHECK(written("a: >-\n  x", "x") == ">-\n  x");
  CHECK(written("a: |+\n  x\n\nb: 1\n", "x\n\n") == "|+\n  x\n\n");
  CHECK(written("a: |-\r\n  x\r\n\r\nb: 1\r\n", "x") == "|-\r\n  x\r\n\r\n");
}

TEST_CASE("anchors and tags belong to what they stand before") {
  CHECK(written("a: &n x\n", "x") == "&n x");
  CHECK(written("a: !!str x\n", "x") == "!!str x");
  CHECK(written("a: &n !!str 'x'\n", "x") == "&n !!str 'x'");
}

TEST_CASE("aliases: exact") {
  const std::string text = "a: &n x\nb: é\nc: {d: *n , e: *n}\n";
  const auto reader = read_yaml(text);
  std::vector<std::string> found;
  for (auto event = reader->next().value(); event.kind != EventKind::stream_end;
       event = reader->next().value())
    if (event.kind == EventKind::alias) found.push_back(text.substr(event.begin, event.end - event.begin));
  CHECK(found == std::vector<std::string>{"*n", "*n"});
}

TEST_CASE("empty: nothing, or the tag") {
  CHECK(written("a:\nb: 1\n", "").empty());
  CHECK(written("a: !!str\nb: 1\n", "") == "!!str");
}

TEST_CASE("CRLF and a lone CR are one line break each, two bytes and one") {
  CHECK(written("a: 1\r\nb: x:1\r\n", "x:1") == "x:1");
  CHECK(scalar("a: 1\r\nb: x:1\r\n", "x:1").line == 2);
  CHECK(written("a: 1\rb: x:1\r", "x:1") == "x:1");
  CHECK(scalar("a: 1\rb: x:1\r", "x:1").line == 2);
}

TEST_CASE("a byte order mark is none of the text, before the first document and before later ones") {
  const std::string bom = "\xEF\xBB\xBF";
  CHECK(scalar(bom + "a: x\n", "a").begin == 3);
  CHECK(written(bom + "a: é\nb: x\n", "x") == "x");
  CHECK(written(bom + "a: 1\r\n---\r\n" + bom + "k: x\r\n", "k") == "k");
  CHECK(written(bom + "a: 1\r\n---\r\n" + bom + "k: x\r\n", "x") == "x");
  // Files that were written one behind the other.
  CHECK(written(bom + "---\na: 1\n" + bom + "---\nk: x\n" + bom + "---\nl: y\n", "x") == "x");
  CHECK(written(bom + "---\na: 1\n" + bom + "---\nk: x\n" + bom + "---\nl: y\n", "l") == "l");
  CHECK(written("a: |-\n  x\n" + bom + "--- y\n", "y") == "y");
  // In the middle of a line it is text.
  CHECK(written("a: x" + bom + "y\n", "x" + bom + "y") == "x" + bom + "y");
}

TEST_CASE("NEL and U+2028 break lines for YAML, not for an editor") {
  for (const std::string odd : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    const auto text = "a: 1 # c" + odd + "b: x:1\nc: y:1\n";
    CHECK(written(text, "x:1") == "x:1");
    CHECK(scalar(text, "x:1").line == 1);
    CHECK(written(text, "y:1") == "y:1");
    CHECK(scalar(text, "y:1").line == 2);
  }
}

TEST_CASE("characters of two, three and four bytes before the scalar") {
  CHECK(written("# ümläut ☃ 😀\na: 'é' \nb: x:1 # 😀\n", "x:1") == "x:1");
  CHECK(written("a: \"☃😀é\"\nb: |-\n  ☃\n\nc: x\n", "☃") == "|-\n  ☃\n\n");
}

TEST_CASE("positions agree with counting one by one, forwards and backwards") {
  std::mt19937 random(7);
  const std::vector<std::string> pieces{"a",  "bcdefghijklmnop", "\n", "é", "☃", "😀", "\n\xEF\xBB\xBF",
                                        "\r", "ab\xEF\xBB\xBF"};
  for (int round = 0; round < 300; ++round) {
    std::string text = round % 3 == 0 ? "\xEF\xBB\xBF" : "";
    const auto limit = round % 4 == 0 ? 6 : pieces.size();  // without further byte order marks now and then
    for (int i = 0; i < 40; ++i)
      text += pieces[random() % limit];
    Positions positions(text);
    // What libyaml would be given, and where each character of it begins.
    std::string given;
    std::vector<std::size_t> begins;
    for (std::size_t at = 0; at < text.size();) {
      const bool line_start = at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r' ||
                              (at == 3 && text.starts_with(kByteOrderMark));
      if (line_start && text.compare(at, 3, "\xEF\xBB\xBF") == 0) {
        at += 3;
        continue;
      }
      begins.push_back(at);
      do
        given += text[at++];
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
    }
    std::string pieced;
    for (std::size_t at = 0;;) {
      const auto piece = positions.piece(at);
      if (piece.empty()) break;
      pieced += piece;
      at = static_cast<std::size_t>(piece.data() - text.data()) + piece.size();
    }
    REQUIRE(pieced == given);
    for (int i = 0; i < 60; ++i) {
      const auto index = i < 20 ? begins.size() * static_cast<std::size_t>(i) / 20 : random() % begins.size();
      REQUIRE(positions.begin_byte(index) == begins[index]);
    }
    REQUIRE(positions.end_byte(begins.size()) <= text.size());
  }
}

}  // namespace
}  // namespace digester::yaml
