#include "base/log.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "json/value.hpp"
#include "support/capture_log.hpp"

using namespace digester;
using namespace std::string_literals;

namespace {

// A parsed line of a JSON log; keeps the document alive.
struct Line {
  json::Document document;
  json::Value root;
};
Line parsed(const std::string& text) {
  Line line;
  REQUIRE(text.ends_with('\n'));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  const auto root = line.document.parse(std::string(text));
  if (!root) FAIL(root.error().message + ": " + text);
  line.root = *root;
  return line;
}

}  // namespace

TEST_CASE("a record is one JSON object on one line") {
  test::CaptureLog log;
  log.logger().info("admitted", {{"image", "nginx"},
                                 {"bytes", 17},
                                 {"big", std::numeric_limits<std::int64_t>::min()},
                                 {"took", 0.25},
                                 {"dry_run", true}});
  const auto line = parsed(log.text());
  CHECK(line.root.find("ts").string() == "2027-01-15T08:00:00.000Z");
  CHECK(line.root.find("level").string() == "info");
  CHECK(line.root.find("msg").string() == "admitted");
  CHECK(line.root.find("image").string() == "nginx");
  CHECK(line.root.find("bytes").integer() == 17);
  CHECK(line.root.find("big").integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(line.root.find("took").number() == 0.25);
  CHECK(line.root.find("dry_run").boolean() == true);
}

TEST_CASE("hostile strings can neither break nor forge a record") {
  const auto hostile =
      GENERATE(as<std::string>(), "\"},{\"level\":\"error\"", "a\nb\r\n{\"level\":\"error\"}\n", "\\", "\\\"",
               "\x1b[2J", "\0x"s, "\x7f", "\xFF\xFE", "\xC3", "\xED\xA0\x80", "\xE2\x80\xA8\xE2\x80\xA9",
               "\xE2\x80\xAE", "\x01\x02\x1f\b\f", "☃𝄞", "");
  test::CaptureLog log;
  log.logger().warn(hostile, {{"image", hostile}, {hostile, "value"}, {"last", true}});
  const auto line = parsed(log.text());
  CHECK(line.root.find("level").string() == "warn");
  CHECK(line.root.find("last").boolean() == true);
  CHECK(line.root.size() == 6);
  const bool clean = hostile.find_first_of("\xFF\xC3\xED") == std::string::npos;
  if (clean) CHECK(line.root.find("image").string() == hostile);
  if (clean) CHECK(line.root.find("msg").string() == hostile);
}

TEST_CASE("every byte may stand in a field") {
  for (int i = 0; i < 256; ++i) {
    test::CaptureLog log;
    log.logger().info("m", {{"v", std::string(1, static_cast<char>(i))}});
    const auto line = parsed(log.text());
    if (i < 128) CHECK(line.root.find("v").string() == std::string(1, static_cast<char>(i)));
  }
}

TEST_CASE("numbers that JSON lacks become null") {
  test::CaptureLog log;
  log.logger().info("m", {{"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()}});
  const auto line = parsed(log.text());
  CHECK(line.root.find("nan").is_null());
  CHECK(line.root.find("inf").is_null());
}

TEST_CASE("JSON that the caller wrote is appended as it is") {
  test::CaptureLog log;
  log.logger().log(Level::info, "m", {{"a", 1}}, R"("images":[{"image":"x"}])");
  const auto line = parsed(log.text());
  CHECK(line.root.find("images").size() == 1);
}

TEST_CASE("records below the level are not made") {
  test::CaptureLog log(Level::warn);
  log.logger().debug("d");
  log.logger().info("i");
  CHECK(log.lines().empty());
  log.logger().warn("w");
  log.logger().error("e");
  CHECK(log.lines().size() == 2);
  CHECK_FALSE(log.logger().enabled(Level::info));
  CHECK(log.logger().enabled(Level::error));
}

TEST_CASE("the text form is one printable line") {
  test::CaptureLog log(Level::debug, LogFormat::text);
  log.logger().info("pinned", {{"image", "nginx"}, {"n", 3}, {"why", "two words"}, {"empty", ""}});
  CHECK(log.text() == "2027-01-15T08:00:00.000Z info  pinned image=nginx n=3 why=\"two words\" empty=\"\"\n");
  log.clear();
  log.logger().error("a\nb\x1b[2J", {{"image", "x\n\x1b]0;t\x07 \"y\xFF\xE2\x80\xAE"}});
  const auto text = log.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\x07') == std::string::npos);
  CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
}

TEST_CASE("numbers have three decimals at most") {
  const auto [value, text] = GENERATE(table<double, const char*>({{0, "0"},
                                                                  {0.25, "0.25"},
                                                                  {-0.25, "-0.25"},
                                                                  {1.0004, "1"},
                                                                  {-0.0004, "0"},
                                                                  {0.1, "0.1"},
                                                                  {12.345678, "12.346"},
                                                                  {0.9996, "1"},
                                                                  {1e14, "100000000000000"},
                                                                  {1e300, "1e+300"}}));
  test::CaptureLog log;
  log.logger().info("m", {{"v", value}});
  CHECK(log.text().find("\"v\":" + std::string(text) + "}") != std::string::npos);
}
