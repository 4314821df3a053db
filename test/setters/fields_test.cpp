#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "setters/fields.hpp"
#include "setters/write.hpp"

namespace digester::setters {
namespace {

// "path=value|comment", with "!" where no comment can be; "LIST path|comment".
std::vector<std::string> listing(std::string_view text) {
  const auto fields = find_fields(text);
  if (!fields) return {fields.error().message};
  std::vector<std::string> out;
  for (const auto& field : fields->fields)
    out.push_back(fmt::format("{}={}|{}{}", field.path, field.value, field.comment_text(text),
                              field.comment_at ? "" : "!"));
  for (const auto& list : fields->lists)
    out.push_back(fmt::format("LIST {}|{}", list.path,
                              text.substr(list.comment.begin, list.comment.end - list.comment.begin)));
  return out;
}
using Lines = std::vector<std::string>;

TEST_CASE("Comments behind scalars of every style") {
  CHECK(listing("a: 1 # one\nb: 'x'   # two  \nc: \"y\" # three\r\nd: z\n") ==
        Lines{"a=1|# one", "b=x|# two", "c=y|# three", "d=z|"});
  CHECK(listing("a: x#no\nb: x") == Lines{"a=x#no|", "b=x|"});
  CHECK(listing("a: 'x'# no\n").size() == 1);
  CHECK(listing("a: >- # one\n  text\nb: |+2 # two\n    text\n\n") ==
        Lines{"a=text|# one", "b=  text\n\n|# two"});
  CHECK(listing("a: &x !!str v # one\nb: *x\nc: &y\n  w # two\n") == Lines{"a=v|# one", "c=w|# two"});
  CHECK(listing("a: one\n  two # c\n") == Lines{"a=one two|# c"});
  CHECK(listing("- x # one\n- - y # two\n") == Lines{"[0]=x|# one", "[1][0]=y|# two"});
  CHECK(listing("# only\na:   # of the key\n  v\n") == Lines{"a=v|"});
  CHECK(listing("a:\nb: ''\nc: ~ # c\n") == Lines{"b=|", "c=~|# c"});
}

TEST_CASE("In flow style a comment belongs to the last on a line") {
  CHECK(listing("a: {b: x, c: y} # z\n") == Lines{"a.b=x|!", "a.c=y|!"});
  CHECK(listing("a: [x, y] # z\n") == Lines{"a[0]=x|!", "a[1]=y|!", "LIST a|# z"});
  CHECK(listing("a: [\n  x, # one\n  y # two\n]\n") == Lines{"a[0]=x|# one", "a[1]=y|# two"});
  CHECK(listing("a: [\n  x,\n  y\n]\n") == Lines{"a[0]=x|", "a[1]=y|"});
}

TEST_CASE("Comments behind lists") {
  CHECK(listing("env: # kpt-set: ${env}\n- a # x\n- b\n") ==
        Lines{"env[0]=a|# x", "env[1]=b|", "LIST env|# kpt-set: ${env}"});
  CHECK(listing("\"env\"  : # c\n  - a\n") == Lines{"env[0]=a|", "LIST env|# c"});
  CHECK(listing("env: [] # c\n") == Lines{"LIST env|# c"});
}

TEST_CASE("Keys are no fields, whatever they look like") {
  CHECK(listing("? [a, {b: c}]\n: v # c\n? d # k\n: w\n") == Lines{"=v|# c", "d=w|"});
  CHECK(listing("a: 1\n---\na: 2\n").size() == 2);
  CHECK(find_fields("a: 1\n---\na: 2\n")->fields[1].document == 1);
  CHECK(find_fields("a: 1\n---\na: 2\n")->documents == 2);
}

TEST_CASE("JSON has no comments") {
  const auto fields = find_fields(R"({"a": "x"})");
  REQUIRE(fields);
  CHECK(fields->is_json);
  REQUIRE(fields->fields.size() == 1);
  CHECK_FALSE(fields->fields[0].comment_at);
}

TEST_CASE("What is no YAML says where") {
  CHECK(listing("a: [\n").front().starts_with("line "));
}

TEST_CASE("What is text when it stands plainly") {
  for (const std::string_view text :
       {"a", "1.2.3", "v1", "1a", "nginx:1.10", "-", "0x", "1.10-rc", "e5", "."})
    CHECK(is_plain_text(text));
  for (const std::string_view other :
       {"", "1", "1.10", "-3", "+.5", "true", "No", "null", "~", "0x1F", "1e5", "1_000", ".inf"})
    CHECK_FALSE(is_plain_text(other));
}

}  // namespace
}  // namespace digester::setters
