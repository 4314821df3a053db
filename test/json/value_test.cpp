#include "json/value.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

using namespace digester;
using namespace std::string_literals;

TEST_CASE("values are read by type, and absent ones answer politely") {
  json::Document doc;
  const auto root = doc.parse(R"({"a":[1,"x",null,true,2.5],"b":{"c":"d"}})");
  REQUIRE(root);
  std::vector<json::Type> types;
  for (const json::Value v : root->find("a").elements())
    types.push_back(v.type());
  CHECK(types == std::vector{json::Type::number, json::Type::string, json::Type::null, json::Type::boolean,
                             json::Type::number});
  CHECK(root->at({"b", "c"}).string_or("") == "d");
  CHECK_FALSE(root->at({"b", "c", "e"}).present());
  CHECK(root->size() == 2);
}

TEST_CASE("an absent value answers like one of another type") {
  const json::Value absent;
  CHECK_FALSE(absent.present());
  CHECK_FALSE(absent.is_null());
  CHECK(absent.type() == json::Type::null);
  CHECK_FALSE(absent.string());
  CHECK_FALSE(absent.boolean());
  CHECK_FALSE(absent.integer());
  CHECK_FALSE(absent.number());
  CHECK_FALSE(absent.find("x").present());
  CHECK_FALSE(absent.at({"x", "y"}).present());
  CHECK(absent.size() == 0);
  for ([[maybe_unused]] const json::Value v : absent.elements())
    FAIL("has an element");
  for ([[maybe_unused]] const json::Member m : absent.members())
    FAIL("has a member");
}

TEST_CASE("a value of the wrong type answers like an absent one, but is present") {
  json::Document doc;
  const auto root = doc.parse(R"([null,1,"s",{},[],true])");
  for (const json::Value v : root->elements()) {
    CHECK(v.present());
    CHECK_FALSE(v.find("x").present());
    if (!v.is_string()) CHECK(v.string_or("fallback") == "fallback");
    CHECK(v.size() == 0);
  }
}

TEST_CASE("integers are those in range, numbers any") {
  json::Document doc;
  const auto root = doc.parse(
      "[9223372036854775807,-9223372036854775808,9223372036854775808,18446744073709551615,1.0,1e2,-0.5]");
  REQUIRE(root);
  std::vector<std::optional<std::int64_t>> integers;
  std::vector<std::optional<double>> numbers;
  for (const json::Value v : root->elements()) {
    integers.push_back(v.integer());
    numbers.push_back(v.number());
  }
  using Limits = std::numeric_limits<std::int64_t>;
  CHECK(integers ==
        std::vector<std::optional<std::int64_t>>{Limits::max(), Limits::min(), {}, {}, {}, {}, {}});
  CHECK(numbers[4] == 1.0);
  CHECK(numbers[5] == 100.0);
  CHECK(numbers[6] == -0.5);
}

TEST_CASE("strings are decoded, NULs and all of Unicode included") {
  json::Document doc;
  const auto root = doc.parse(R"(["a\"\\\/\b\f\n\r\t","\u00e9\u2603","\ud834\udd1e","x\u0000y",""])");
  REQUIRE(root);
  std::vector<std::string> strings;
  for (const json::Value v : root->elements())
    strings.emplace_back(*v.string());
  CHECK(strings == std::vector<std::string>{"a\"\\/\b\f\n\r\t", "é☃", "𝄞", "x\0y"s, ""});
}

TEST_CASE("of duplicate keys the last one counts") {
  json::Document doc;
  CHECK(doc.parse(R"({"a":1,"a":2})")->find("a").integer() == 2);
  CHECK(doc.parse(R"({"a":1,"\u0061":2})")->find("a").integer() == 2);
  CHECK(doc.parse(R"({"a":1,"A":2})")->find("a").integer() == 1);
}

TEST_CASE("members come in document order, duplicates included") {
  json::Document doc;
  const auto root = doc.parse(R"({"b":1,"a":2,"b":3,"":4})");
  std::string keys;
  for (const json::Member m : root->members())
    keys += std::string(m.key) + std::to_string(*m.value.integer()) + " ";
  CHECK(keys == "b1 a2 b3 4 ");
}

TEST_CASE("equality ignores the order of members and nothing else") {
  json::Document left;
  json::Document right;
  const auto same = [&](std::string a, std::string b) {
    return json::equal(*left.parse(a), *right.parse(b));
  };
  CHECK(same(R"({"a":1,"b":[1,2]})", R"({"b":[1,2],"a":1})"));
  CHECK(same("1", "1.0"));
  CHECK_FALSE(same("9007199254740993", "9007199254740992"));
  CHECK_FALSE(same(R"([1,2])", R"([2,1])"));
  CHECK_FALSE(same(R"({"a":null})", R"({})"));
  CHECK_FALSE(same(R"({"a":{"b":{"c":1}}})", R"({"a":{"b":{"c":2}}})"));
  CHECK(same(R"({"a":1,"b":2,"a":3})", R"({"a":3,"b":2})"));
  CHECK(same(R"("\u0061")", R"("a")"));
  CHECK_FALSE(same(R"("1")", "1"));
  CHECK_FALSE(same("[]", "{}"));
  CHECK_FALSE(same("null", "false"));
  CHECK_FALSE(same("[1]", "[1,1]"));
  CHECK_FALSE(same("[1,1]", "[1]"));
  CHECK_FALSE(same(R"({"a":1})", R"({"b":1})"));
  CHECK_FALSE(same("18446744073709551615", "18446744073709551614"));
  CHECK(same("18446744073709551615", "18446744073709551615"));
  CHECK_FALSE(same("-1", "18446744073709551615"));
  CHECK(json::equal({}, {}));
  CHECK_FALSE(json::equal(*left.parse("null"), {}));
}

TEST_CASE("deep objects with their members in another order compare in time") {
  // A comparison that looked twice at each level would need 2^150 steps.
  const auto nested = [](const std::string& open) {
    std::string text;
    for (int i = 0; i < 150; ++i)
      text += open;
    text += "1";
    for (int i = 0; i < 150; ++i)
      text += open.front() == '{' && open.find("\"z\"") == 1 ? ",\"a\":0}" : "}";
    return text;
  };
  json::Document left;
  json::Document right;
  CHECK(json::equal(*left.parse(nested(R"({"z":)")), *right.parse(nested(R"({"a":0,"z":)"))));
}

TEST_CASE("what is not JSON is refused with a cause") {
  json::Document doc;
  for (const std::string bad :
       {"",          " ",           "{",           "[1,]",  "{\"a\":1}x", "{\"a\":1}{}", "\xEF\xBB\xBF{}",
        "\"\xC3\"",  "\"\\udc00\"", "\"\\ud834\"", "1e400", "nul",        "'a'",         "{a:1}",
        "{\"a\" 1}", "{\"a\":}",    "01",          "+1",    ".5",         "1.",          "NaN",
        "Infinity",  "\"\t\"",      "\"\\x\"",     "[1 2]", "//x\n1",     "{\"a\":1,}",  "\"a",
        "]",         "[1]]"}) {
    INFO(bad);
    const auto parsed = doc.parse(std::string(bad));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::invalid);
    CHECK_THAT(parsed.error().message, Catch::StartsWith("not JSON: "));
  }
  CHECK(doc.parse(std::string("{}")));
}

TEST_CASE("a NUL does not end the text") {
  json::Document doc;
  CHECK_FALSE(doc.parse("{}\0"s));
  CHECK_FALSE(doc.parse("{}\0{\"image\":\"evil\"}"s));
  CHECK_FALSE(doc.parse("\0{}"s));
  CHECK_FALSE(doc.parse("\"a\0b\""s));
}

TEST_CASE("nesting is bounded and never a crash") {
  json::Document doc;
  CHECK_FALSE(doc.parse(std::string(3'000'000, '[')));
  CHECK_FALSE(doc.parse(std::string(600, '[') + std::string(600, ']')));
  std::string objects;
  for (int i = 0; i < 600'000; ++i)
    objects += "{\"a\":";
  CHECK_FALSE(doc.parse(objects));
  const auto most = doc.parse(std::string(500, '[') + std::string(500, ']'));
  REQUIRE(most);
  CHECK(json::equal(*most, *most));
}

TEST_CASE("a document is used again after a failure and after larger texts") {
  json::Document doc;
  CHECK(doc.parse("[" + std::string(1'000'000, ' ') + "1]"));
  CHECK_FALSE(doc.parse(std::string("[")));
  CHECK(doc.parse(std::string("[7]"))->size() == 1);
  CHECK(doc.parse("\"" + std::string(2'000'000, 'x') + "\"")->string()->size() == 2'000'000);
  auto moved = std::move(doc);
  CHECK(moved.parse(std::string("{\"a\":1}"))->find("a").integer() == 1);
}

TEST_CASE("values stay valid when the text is gone") {
  json::Document doc;
  json::Value root;
  {
    std::string text = R"({"a":"some string of a certain length"})";
    root = *doc.parse(text);
    text.assign(text.size(), 'x');
  }
  CHECK(root.find("a").string() == "some string of a certain length");
}

TEST_CASE("real reviews parse, and each equals itself and no other") {
  std::vector<std::string> texts;
  for (const auto& file : std::filesystem::directory_iterator(DIGESTER_TEST_DATA "/reviews")) {
    std::ifstream in(file.path(), std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  REQUIRE(texts.size() > 10);
  json::Document left;
  json::Document right;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto a = left.parse(std::string(texts[i]));
    REQUIRE(a);
    CHECK_FALSE(a->at({"request", "uid"}).string_or("").empty());
    const auto same = right.parse(std::string(texts[i]));
    CHECK(json::equal(*a, *same));
    const auto other = right.parse(std::string(texts[(i + 1) % texts.size()]));
    CHECK_FALSE(json::equal(*a, *other));
  }
}

TEST_CASE("integers of any length are numbers, wherever they stand") {
  const auto text =
      GENERATE(as<std::string>(), "100000000000000000000", "-9223372036854775809", "18446744073709551616",
               "123456789012345678901234567890123456789012345678901234567890");
  json::Document document;
  const auto root =
      document.parse(R"({"a":")" + text + R"(\"","b":)" + text + R"(,"c":[)" + text + "," + text +
                     R"(],"d":1.)" + "12345678901234567890" + R"(,"e":2e-00000000000000000000001})");
  REQUIRE(root);
  CHECK(root->find("a").string() == text + "\"");
  CHECK_FALSE(root->find("b").integer());
  CHECK(root->find("b").number() == std::stod(text));
  CHECK(root->find("c").size() == 2);
  CHECK(root->find("e").number() == 0.2);
  CHECK_FALSE(document.parse("[0" + text + "]"));
  CHECK_FALSE(document.parse("[" + text + "x]"));
}
