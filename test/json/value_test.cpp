#include "json/value.hpp"
#include <vector>

#include <catch2/catch.hpp>

using namespace digester;

TEST_CASE("values are read by type, and absent ones answer politely") {
  json::Document doc;
  const auto root = doc.parse(R"({"a":[1,"x",null,true,2.5],"b":{"c":"d"}})");
  REQUIRE(root);
  std::vector<json::Type> types;
  for (const json::Value v : root->find("a").elements()) types.push_back(v.type());
  CHECK(types == std::vector{json::Type::number, json::Type::string, json::Type::null, json::Type::boolean, json::Type::number});
  CHECK(root->at({"b", "c"}).string_or("") == "d");
  CHECK_FALSE(root->at({"b", "c", "e"}).present());
  CHECK(root->size() == 2);
}

TEST_CASE("of duplicate keys the last one counts") {
  json::Document doc;
  CHECK(doc.parse(R"({"a":1,"a":2})")->find("a").integer() == 2);
}

TEST_CASE("equality ignores the order of members and nothing else") {
  json::Document left;
  json::Document right;
  const auto same = [&](std::string a, std::string b) { return json::equal(*left.parse(a), *right.parse(b)); };
  CHECK(same(R"({"a":1,"b":[1,2]})", R"({"b":[1,2],"a":1})"));
  CHECK(same("1", "1.0"));
  CHECK_FALSE(same("9007199254740993", "9007199254740992"));
  CHECK_FALSE(same(R"([1,2])", R"([2,1])"));
  CHECK_FALSE(same(R"({"a":null})", R"({})"));
  CHECK_FALSE(same(R"({"a":{"b":{"c":1}}})", R"({"a":{"b":{"c":2}}})"));
  CHECK(same(R"({"a":1,"b":2,"a":3})", R"({"a":3,"b":2})"));
}

TEST_CASE("what is not JSON is refused with a cause") {
  json::Document doc;
  for (const std::string bad : {"", "{", "[1,]", "{\"a\":1}x", "\xEF\xBB\xBF{}", "\"\xC3\"", "\"\\udc00\"", "1e400", "nul"})
    CHECK_FALSE(doc.parse(std::string(bad)));
  CHECK_FALSE(doc.parse(std::string(3'000'000, '[')));
  CHECK_FALSE(doc.parse(std::string(600, '[') + std::string(600, ']')));
  CHECK(doc.parse(std::string(500, '[') + std::string(500, ']')));
  CHECK(doc.parse(std::string("{}")));
}
