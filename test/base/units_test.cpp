#include "base/units.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace digester;
using namespace std::chrono_literals;

TEST_CASE("durations are read as Go reads them") {
  const std::vector<std::pair<std::string, Duration>> rows{{"0", 0s},
                                                           {"0s", 0s},
                                                           {"5s", 5s},
                                                           {"30m", 30min},
                                                           {"1478s", 1478s},
                                                           {"1h30m", 90min},
                                                           {"1.5h", 90min},
                                                           {".5s", 500ms},
                                                           {"5.s", 5s},
                                                           {"300ms", 300ms},
                                                           {"10us", 10us},
                                                           {"10µs", 10us},
                                                           {"10μs", 10us},
                                                           {"7ns", 7ns},
                                                           {"3h2m1s", 10921s},
                                                           {"1m1ms", 60001ms},
                                                           {"2m3.4s", 123400ms},
                                                           {"1s1s", 2s},
                                                           {"0.000000001s", 1ns},
                                                           {"9223372036854775807ns", Duration::max()},
                                                           {"1.00000000000000000000001s", 1s}};
  for (const auto& [text, expected] : rows) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
}

TEST_CASE("what is no duration is refused with a hint") {
  for (const std::string text : {"",
                                 "5",
                                 "s",
                                 ".s",
                                 "-1s",
                                 "+1s",
                                 "1 s",
                                 " 1s",
                                 "1s ",
                                 "1d",
                                 "1S",
                                 "1M",
                                 "1ss",
                                 "1s1",
                                 "1e3s",
                                 "0x1s",
                                 "1,5s",
                                 "9223372036854775808ns",
                                 "3000000h",
                                 "99999999999999999999999s",
                                 "1h9223372036s",
                                 "1\xB5s"}) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::invalid);
    CHECK_THAT(parsed.error().message, Catch::Contains("is not a duration"));
  }
  CHECK_THAT(parse_duration("\x1b[2J").error().message, !Catch::Contains("\x1b"));
}

TEST_CASE("why something is no duration is told") {
  const auto why = [](std::string_view text) { return parse_duration(text).error().message; };
  CHECK_THAT(why("1d"), Catch::Contains("unknown unit \"d\""));
  CHECK_THAT(why("1h2x3s"), Catch::Contains("unknown unit \"x\""));
  CHECK_THAT(why("5"), Catch::Contains("a unit is missing"));
  CHECK_THAT(why("-1s"), Catch::Contains("it is negative"));
}

TEST_CASE("durations are written in the shortest form, which reads back as the same") {
  const std::vector<std::pair<Duration, std::string>> rows{{0s, "0s"},
                                                           {5s, "5s"},
                                                           {90min, "1h30m"},
                                                           {1h, "1h"},
                                                           {250ms, "250ms"},
                                                           {1500ms, "1.5s"},
                                                           {10us, "10us"},
                                                           {7ns, "7ns"},
                                                           {1500us, "1500us"},
                                                           {61s, "1m1s"},
                                                           {3601s, "1h1s"},
                                                           {12'345'678'900ns, "12.3456789s"},
                                                           {59'999'999'900ns, "59.9999999s"},
                                                           {60'000'000'001ns, "1m0.000000001s"},
                                                           {100h, "100h"}};
  for (const auto& [duration, expected] : rows) {
    CHECK(format_duration(duration) == expected);
    CHECK(parse_duration(expected) == duration);
  }
  CHECK(format_duration(-5s) == "-5s");
  CHECK(parse_duration(format_duration(Duration::max())) == Duration::max());
  CHECK(format_duration(Duration::min()).starts_with('-'));
}

TEST_CASE("sizes are read as Kubernetes reads them") {
  const std::vector<std::pair<std::string, std::uint64_t>> rows{{"0", 0},
                                                                {"1", 1},
                                                                {"128974848", 128974848},
                                                                {"129k", 129'000},
                                                                {"1M", 1'000'000},
                                                                {"64Mi", 64 << 20},
                                                                {"1.5Ki", 1536},
                                                                {"0.5", 1},
                                                                {".5Ki", 512},
                                                                {"1G", 1'000'000'000},
                                                                {"1Ti", 1ULL << 40},
                                                                {"1Pi", 1ULL << 50},
                                                                {"1Ei", 1ULL << 60},
                                                                {"7Ei", 7ULL << 60},
                                                                {"1E", 1'000'000'000'000'000'000}};
  for (const auto& [text, expected] : rows) {
    INFO(text);
    const auto parsed = parse_bytes(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
}

TEST_CASE("what is no size is refused") {
  for (const std::string text : {"", "Mi", ".", "-1", "+1", "1 Mi", "1mi", "1MI", "1KB", "1K", "64MiB", "1e3",
                                 "0x10", "8Ei", "10E", "99999999999999999999", "1Mi "}) {
    INFO(text);
    CHECK_FALSE(parse_bytes(text));
  }
}
