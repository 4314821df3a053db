#include "json/writer.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "json/value.hpp"

using namespace digester;

TEST_CASE("the writer escapes and stays UTF-8") {
  json::Writer w;
  w.begin_object().member("a\"b", "c\nd").key("n").integer(-1);
  w.key("l").begin_array().null().boolean(true).end_array();
  w.member("bad", "x\xFFy").end_object();
  CHECK(w.view() == R"({"a\"b":"c\nd","n":-1,"l":[null,true],"bad":"x\\xffy"})");
  w.clear();
  w.begin_array().number(0.5).end_array();
  CHECK(w.view() == "[0.5]");
}

TEST_CASE("the shorthands write a member of their type") {
  json::Writer w;
  w.begin_object().member("s", std::string_view()).member("c", "y").member("b", false).member("i", 7);
  w.member("l", std::numeric_limits<std::int64_t>::min()).end_object();
  CHECK(w.view() == R"({"s":"","c":"y","b":false,"i":7,"l":-9223372036854775808})");
}

TEST_CASE("numbers that JSON lacks become null") {
  json::Writer w;
  w.begin_array()
      .number(std::nan(""))
      .number(std::numeric_limits<double>::infinity())
      .number(1e300)
      .end_array();
  CHECK(w.view() == "[null,null,1e300]");
}

TEST_CASE("every byte, as a value and as a key, is written as JSON and reads back") {
  for (int i = 0; i < 256; ++i) {
    const std::string text = "<" + std::string(1, static_cast<char>(i)) + ">";
    json::Writer w;
    w.begin_object().member(text, std::string_view(text)).end_object();
    json::Document document;
    const auto root = document.parse(w.str());
    INFO(i);
    REQUIRE(root);
    REQUIRE(root->size() == 1);
    const auto member = *root->members().begin();
    if (i < 128) CHECK(member.key == text);
    if (i < 128) CHECK(member.value.string() == text);
  }
}
