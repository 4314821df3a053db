#include "base/text.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "json/value.hpp"

using namespace digester;
using namespace std::string_literals;

TEST_CASE("base64 matches the vectors of RFC 4648") {
  const std::vector<std::pair<std::string, std::string>> rows{{"", ""},
                                                              {"f", "Zg=="},
                                                              {"fo", "Zm8="},
                                                              {"foo", "Zm9v"},
                                                              {"foob", "Zm9vYg=="},
                                                              {"fooba", "Zm9vYmE="},
                                                              {"foobar", "Zm9vYmFy"},
                                                              {"\0\xFF\xFE"s, "AP/+"}};
  for (const auto& [plain, encoded] : rows) {
    CHECK(text::base64_encode(plain) == encoded);
    CHECK(text::base64_decode(encoded) == plain);
    CHECK(text::base64_decode(encoded.substr(0, encoded.find('='))) == plain);
  }
}

TEST_CASE("base64 is not decoded from anything else") {
  for (const std::string bad : {"=", "==", "A", "A===", "AA=", "AAA==", "====", "AAAA=", "AAAA====", "Zg= =",
                                " Zm9v", "Zm9v\n", "Zm-_", "Zm9\xC3", "AA==AA=="}) {
    INFO(bad);
    CHECK_FALSE(text::base64_decode(bad));
  }
  CHECK_FALSE(text::base64_decode("Zm9\0"s));
}

TEST_CASE("every byte goes through base64 and back") {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  for (std::size_t n = 0; n <= all.size(); ++n)
    REQUIRE(text::base64_decode(text::base64_encode(all.substr(0, n))) == all.substr(0, n));
}

TEST_CASE("printable text has no control, bidi or broken characters") {
  CHECK(text::printable("nginx:1.25 ☃ é 𝄞") == "nginx:1.25 ☃ é 𝄞");
  CHECK(text::printable("a\nb\tc\x1b[2J\x7f") == "a\\x0ab\\x09c\\x1b[2J\\x7f");
  CHECK(text::printable("a\0b"s) == "a\\x00b");
  CHECK(text::printable("\xC2\x85") == "\\u{85}");
  CHECK(text::printable("\xE2\x80\xAE"
                        "abc") == "\\u{202e}abc");
  CHECK(text::printable("\xE2\x80\xA8") == "\\u{2028}");
  CHECK(text::printable("\xEF\xBB\xBF") == "\\u{feff}");
  CHECK(text::printable("x\xFFy\xC3") == "x\\xffy\\xc3");
  CHECK(text::printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");
  CHECK(text::printable("\xC0\xAF") == "\\xc0\\xaf");
}

TEST_CASE("printable text is cut at a character and says so") {
  CHECK(text::printable("abcdef", 6) == "abcdef");
  CHECK(text::printable("abcdefg", 6) == "abc…");
  CHECK(text::printable("ééééé", 6) == "é…");
  const auto cut = text::printable(std::string(5'000'000, '\xFF'), 512);
  CHECK(cut.size() <= 512);
  CHECK(text::is_valid_utf8(cut));
}

TEST_CASE("cutting never splits a character") {
  const std::string s = "aé☃𝄞aé☃𝄞";
  for (std::size_t n = 0; n <= s.size() + 1; ++n) {
    const auto cut = text::truncate(s, n);
    CHECK(cut.size() <= n);
    CHECK(text::is_valid_utf8(cut));
  }
  CHECK(text::truncate(s, s.size()) == s);
  CHECK(text::truncate("abcd", 3) == "…");
  CHECK(text::truncate("abcd", 2).empty());
}

TEST_CASE("UTF-8 is what Unicode's table 3-7 allows") {
  for (const auto& good : {""s, "a"s, "\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s,
                           "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s})
    CHECK(text::is_valid_utf8(good));
  for (const auto& bad :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2\x20"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s,
        "\xE2\x82"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "a\xC3"s})
    CHECK_FALSE(text::is_valid_utf8(bad));
}

TEST_CASE("case, trimming and splitting are ASCII's") {
  CHECK(text::to_lower("AbÉ") == "abÉ");
  CHECK(text::iequals("Docker.IO", "docker.io"));
  CHECK_FALSE(text::iequals("a", "ab"));
  CHECK_FALSE(text::iequals("@", "`"));
  CHECK(text::trim(" \t\r\n\v\f a b ") == "a b");
  CHECK(text::trim(" \n").empty());
  CHECK(text::is_blank(""));
  CHECK(text::is_blank(" \t\n"));
  CHECK_FALSE(text::is_blank("\xC2\xA0"));
  using Parts = std::vector<std::string_view>;
  CHECK(text::split("a:b::c:", ':') == Parts{"a", "b", "", "c", ""});
  CHECK(text::split("", ':') == Parts{""});
}

TEST_CASE("a JSON string is what it was, wherever in it something has to be escaped") {
  const auto odd = GENERATE(as<std::string>(), "\"", "\\", "\n", "\x1f", "\x7f", "ü", "\xE2\x80\xAE", "𝄞");
  const auto length = GENERATE(range(0, 40));
  for (int at = 0; at <= length; ++at) {
    auto plain = std::string(static_cast<std::size_t>(length), 'x');
    plain.insert(static_cast<std::size_t>(at), odd);
    std::string out = "before";
    text::append_json_string(out, plain);
    REQUIRE(out.starts_with("before\""));
    for (const char c : out)
      REQUIRE((c >= 0x20 || static_cast<unsigned char>(c) >= 0x80));
    json::Document document;
    const auto value = document.parse(out.substr(6));
    REQUIRE(value);
    REQUIRE(value->string() == plain);
  }
}

TEST_CASE("a JSON string spells out bytes that are no UTF-8") {
  std::string out;
  text::append_json_string(out, "a\xFF\xC3");
  CHECK(out == "\"a\\\\xff\\\\xc3\"");
}

TEST_CASE("what has a meaning in a URL is escaped") {
  CHECK(text::percent_encode("a+b/=\xC3\xBC~") == "a%2Bb%2F%3D%C3%BC~");
}
