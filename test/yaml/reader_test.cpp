// Events, limits and errors of YAML.
#include <catch2/catch.hpp>

#include "listing.hpp"

namespace digester::yaml {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::yaml_error;
using test::yaml_listing;

TEST_CASE("every kind of node comes as its event") {
  CHECK(yaml_listing("") == "end");
  CHECK(yaml_listing("# nothing\n") == "end");
  CHECK(yaml_listing("a: 1\nb: [x, 'y', \"z\"]\n") == "+doc { :a :1 :b [ :x 'y \"z ] } -doc end");
  CHECK(yaml_listing("a: &n {k: v}\nb: *n\n") == "+doc { :a &n { :k :v } :b *n } -doc end");
  CHECK(yaml_listing("a: |\n  x\n  y\nb: >-\n  z\n") == "+doc { :a |x\ny\n :b >z } -doc end");
  CHECK(yaml_listing("--- # one\na: 1\n---\nb: 2\n...\n") ==
        "+doc--- { :a :1 } -doc +doc--- { :b :2 } -doc... end");
  CHECK(yaml_listing("---\n---\n") == "+doc--- : -doc +doc--- : -doc end");
  CHECK(yaml_listing("? [a]\n: b\n") == "+doc { [ :a ] :b } -doc end");
}

TEST_CASE("tags come resolved, flow style and lines are told") {
  const auto reader = read_yaml("# c\na: !!str 1\nb: {c: !x y}\n");
  std::vector<std::string> tags;
  std::vector<std::size_t> lines;
  bool flow = false;
  while (true) {
    const auto event = reader->next().value();
    if (event.kind == EventKind::stream_end) break;
    if (!event.tag.empty()) tags.emplace_back(event.tag);
    if (event.kind == EventKind::scalar) lines.push_back(event.line);
    flow = flow || (event.kind == EventKind::mapping_start && event.flow);
  }
  CHECK(tags == std::vector<std::string>{"tag:yaml.org,2002:str", "!x"});
  CHECK(lines == std::vector<std::size_t>{2, 2, 3, 3, 3});
  CHECK(flow);
}

TEST_CASE("after an error the same error comes again, and after the end the end") {
  const auto broken = read_yaml("a: [1\n");
  std::string first;
  for (int i = 0; i < 20 && first.empty(); ++i)
    if (const auto event = broken->next(); !event) first = event.error().message;
  CHECK_FALSE(first.empty());
  CHECK(broken->next().error().message == first);
  const auto whole = read_yaml("a");
  while (whole->next().value().kind != EventKind::stream_end) {
  }
  CHECK(whole->next().value().kind == EventKind::stream_end);
}

TEST_CASE("an error names line, cause and the line where the construct begins") {
  CHECK(yaml_error("a: 1\nb: [1,\n  2\nc: 3\n") ==
        "line 4: did not find expected ',' or ']' while parsing a flow sequence that begins on line 2");
  CHECK_THAT(yaml_error("a: b: c\n"), StartsWith("line 1: mapping values are not allowed"));
  CHECK_THAT(yaml_error("a: 'x\n"), StartsWith("line 2: found unexpected end of stream"));
}

TEST_CASE("a tab as indent is called a tab") {
  CHECK(yaml_error("a:\n\tb: 1\n") == "line 2: a tab where YAML wants spaces: indent with spaces");
}

TEST_CASE("the source of a Helm chart is recognised") {
  const std::string chart = "a: 1\n{{- if .Values.x }}\nb: 2\n{{- end }}\n";
  CHECK_THAT(yaml_error(chart),
             StartsWith("line ") && Contains("render it first (a Helm chart: `helm template`)"));
}

TEST_CASE("a colon at the end of a value in brackets, which kubectl takes and libyaml does not") {
  const std::string error =
      "line 1: found unexpected ':' while scanning a plain scalar; put what ends in a colon in quotes";
  CHECK(yaml_error("a: [1.2.3.4, fe80::]\n") == error);
  CHECK(yaml_error("{a: fe80::} # {{\n") == error);
  CHECK(yaml_error("a: ['fe80::', fe80::/8]\n").empty());
}

TEST_CASE("control characters are refused with their line") {
  CHECK(yaml_error("a: 1\nb: \x01\n") ==
        "line 2: the control character U+0001, which YAML does not allow: write it as an escape in double "
        "quotes");
  CHECK_THAT(yaml_error("\xEF\xBB\xBF"
                        "a: 1\n\xEF\xBB\xBF"
                        "é: 1\n\x7F\n"),
             StartsWith("line 3: the control"));
  // DEL and C1, but for NEL.
  CHECK_THAT(yaml_error("a: \xC2\x80\n"), StartsWith("line 1: the control character U+0080"));
}

TEST_CASE("bad UTF-8 is refused with its line") {
  CHECK_THAT(yaml_error("a: 1\n\nb: \xFF\n"), StartsWith("line 3: not UTF-8"));
  CHECK_THAT(yaml_error("a: \xC3"), StartsWith("line 1: not UTF-8"));
  CHECK_THAT(yaml_error("a: \xED\xA0\x80\n"), StartsWith("line 1: not UTF-8"));
  // Beyond libyaml's first buffer.
  CHECK_THAT(yaml_error(std::string(100'000, '\n') + "\xC0\x80"), StartsWith("line 100001: not UTF-8"));
}

TEST_CASE("UTF-16, UTF-32 and NUL bytes are refused beforehand") {
  using namespace std::string_view_literals;
  for (const auto text : {"\xFF\xFE"
                          "a\0"sv,
                          "\xFE\xFF\0a"sv, "a\0:\0 \0"sv, "\0a\0:"sv, "\0\0\xFE\xFF"sv})
    CHECK(yaml_error(text) == "line 1: UTF-16 or UTF-32 text: save the file as UTF-8");
  CHECK(yaml_error("a: 1\nb: \0\n"sv) == "line 2: a NUL byte: this is no text file");
}

TEST_CASE("a thousand levels are read and one more is not") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(yaml_error(nested(1'000)).empty());
  CHECK(yaml_error(nested(1'001)) == "line 1: nested deeper than 1000 levels");
  CHECK(yaml_error(nested(100'000)) == "line 1: nested deeper than 1000 levels");
  CHECK(yaml_error(std::string(100'000, '[')) == "line 1: nested deeper than 1000 levels");
  std::string block;
  for (int i = 0; i < 5'000; ++i)
    block += "- ";
  CHECK(yaml_error(block + "x") == "line 1: nested deeper than 1000 levels");
  std::string keys;
  for (int i = 0; i < 2'000; ++i)
    keys += "{a: ";
  CHECK(yaml_error(keys) == "line 1: nested deeper than 1000 levels");
}

TEST_CASE("what would take libyaml long is bounded") {
  std::string directives;
  for (int i = 0; i < 100'000; ++i)
    directives += "%TAG !a" + std::to_string(i) + "! x\n";
  CHECK(yaml_error(directives + "--- a\n") == "line 1: more than 64 %TAG lines");
  std::string brackets(900, '[');
  for (int i = 0; i < 1'000'000; ++i)
    brackets += "1,";
  CHECK(yaml_error(brackets + std::string(900, ']')) ==
        "line 1: too much nested in brackets: write it as JSON, or indented");
  std::string tags = "%TAG !e! " + std::string(100'000, 't') + "\n---\n";
  for (int i = 0; i < 1'000; ++i)
    tags += "- !e!x y\n";
  CHECK(yaml_error(tags) == "line 674: tags that are too long by their %TAG line");
  Limits limits;
  limits.bytes = 10;
  CHECK(read_yaml("01234567890", limits)->next().error().message == "line 1: longer than 10 bytes");
}

TEST_CASE("JSON is read as JSON, anything else as YAML") {
  CHECK(is_json("{}"));
  CHECK(is_json("\xEF\xBB\xBF \n[1]\n{\"a\": 1}"));
  CHECK_FALSE(is_json("a: 1"));
  CHECK_FALSE(is_json("\"a\""));
  CHECK_FALSE(is_json("{a: 1}"));
  CHECK_FALSE(is_json("{\"a\": 1} # c"));
  CHECK_FALSE(is_json("{\"a\": 1,}"));
  CHECK_FALSE(is_json(""));
  const std::string_view pair = R"({"a": "\ud83d\ude00"})";
  CHECK(test::listing(*read(pair)) == "+doc { \"a \"\xF0\x9F\x98\x80 } -doc end");
  CHECK(test::listing(*read("{a: 1} # c")) == "+doc { :a :1 } -doc end");
}

}  // namespace
}  // namespace digester::yaml
