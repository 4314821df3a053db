// The offset-keeping scan for JSON.
#include <catch2/catch.hpp>

#include "listing.hpp"

namespace digester::yaml {
namespace {

using test::json_listing;

TEST_CASE("JSON gives the events that YAML gives") {
  for (const std::string_view text :
       {R"({"a": 1, "b": [true, false, null, -1.5e+3, "x"], "c": {}, "d": []})",
        "[[], [[1]], {\"a\": {\"b\": []}}]", "{\"a\":\n\n\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}"})
    CHECK(json_listing(text) == test::yaml_listing(text));
}

TEST_CASE("each JSON value has the bytes that it came from, quotes included, and its line") {
  const std::string text = "\xEF\xBB\xBF{\"é\": \"x\\u003a1\",\n \"n\" : -12.5 ,\r\n\"w\":true}";
  const auto reader = read_json(text);
  std::vector<std::string> written;
  std::vector<std::size_t> lines;
  for (auto event = reader->next().value(); event.kind != EventKind::stream_end;
       event = reader->next().value()) {
    if (event.kind != EventKind::scalar) continue;
    written.push_back(text.substr(event.begin, event.end - event.begin));
    lines.push_back(event.line);
  }
  CHECK(written == std::vector<std::string>{"\"é\"", "\"x\\u003a1\"", "\"n\"", "-12.5", "\"w\"", "true"});
  CHECK(lines == std::vector<std::size_t>{1, 1, 2, 2, 3, 3});
}

TEST_CASE("surrogate pairs and long keys, which libyaml does not take") {
  CHECK(json_listing(R"(["\ud83d\ude00"])") == "+doc [ \"\xF0\x9F\x98\x80 ] -doc end");
  CHECK(json_listing(R"(["\ud83d", "\ude00x", "\ud83dA"])") ==
        "+doc [ \"\xEF\xBF\xBD \"\xEF\xBF\xBDx \"\xEF\xBF\xBD\x41 ] -doc end");
  const std::string key(5'000, 'k');
  CHECK(json_listing("{\"" + key + "\": 1}") == "+doc { \"" + key + " :1 } -doc end");
}

TEST_CASE("several values one after another are several documents") {
  CHECK(json_listing("{} \n {}[1]") == "+doc { } -doc +doc { } -doc +doc [ :1 ] -doc end");
  CHECK(json_listing(" \n") == "end");
}

TEST_CASE("what RFC 8259 does not allow is an error with its line") {
  using namespace std::string_view_literals;
  for (const auto text : {"{"sv,
                          "["sv,
                          "[1"sv,
                          "[1,"sv,
                          "[1,]"sv,
                          "{\"a\"}"sv,
                          "{\"a\":}"sv,
                          "{\"a\":1,}"sv,
                          "{a:1}"sv,
                          "{'a':1}"sv,
                          "[01]"sv,
                          "[-]"sv,
                          "[1.]"sv,
                          "[.5]"sv,
                          "[1e]"sv,
                          "[+1]"sv,
                          "[tru]"sv,
                          "[nul]"sv,
                          "[\"]"sv,
                          "[\"\\x41\"]"sv,
                          "[\"\\u12g4\"]"sv,
                          "[\"\\u12"sv,
                          "[\"a\nb\"]"sv,
                          "[\"\t\"]"sv,
                          "]"sv,
                          "[1}"sv,
                          "{]"sv,
                          "[1 2]"sv,
                          "[NaN]"sv,
                          "// c\n[]"sv,
                          "[\"\xFF\"]"sv,
                          "[\"\xED\xA0\x80\"]"sv,
                          "[\f1]"sv,
                          "[\"\\"sv,
                          "[1]\xC2\xA0"sv,
                          "[truefalse]"sv}) {
    INFO(text);
    CHECK(json_listing(text).find("error: line 1: ") != std::string::npos);
  }
  CHECK(json_listing("[1,\n\n x]") == "+doc [ :1 error: line 3: a JSON value is expected here");
  CHECK(json_listing("[1,\0]"sv).find("NUL") != std::string::npos);
}

TEST_CASE("a thousand levels of JSON are read and one more is not") {
  CHECK(json_listing(std::string(1'000, '[') + std::string(1'000, ']')).ends_with("end"));
  CHECK(json_listing(std::string(1'001, '[') + std::string(1'001, ']'))
            .ends_with("error: line 1: nested deeper than 1000 levels"));
}

}  // namespace
}  // namespace digester::yaml
