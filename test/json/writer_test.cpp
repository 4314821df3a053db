#include "json/writer.hpp"

#include <catch2/catch.hpp>

using namespace digester;

TEST_CASE("the writer escapes and stays UTF-8") {
  json::Writer w;
  w.begin_object().member("a\"b", "c\nd").key("n").integer(-1).key("l").begin_array().null().boolean(true).end_array();
  w.member("bad", "x\xFFy").end_object();
  CHECK(w.view() == R"({"a\"b":"c\nd","n":-1,"l":[null,true],"bad":"x\\xffy"})");
  w.clear();
  w.begin_array().number(0.5).end_array();
  CHECK(w.view() == "[0.5]");
}
