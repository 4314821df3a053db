#include "base/time_text.hpp"

#include <catch2/catch.hpp>

using namespace digester;
using namespace std::chrono_literals;

namespace {

std::optional<std::int64_t> seconds(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count();
}

}  // namespace

TEST_CASE("times by RFC 3339 are read with fraction and offset") {
  CHECK(seconds("1970-01-01T00:00:00Z") == 0);
  CHECK(seconds("2024-02-29T12:00:00Z") == 1709208000);
  CHECK(seconds("2024-02-29t12:00:00.999z") == 1709208000);
  CHECK(seconds("2024-02-29T14:30:00+02:30") == 1709208000);
  CHECK(seconds("2024-02-29T07:00:00-05:00") == 1709208000);
  CHECK(seconds("2016-12-31T23:59:60Z") == 1483228800);
  CHECK(*parse_rfc3339("2024-02-29T12:00:00.5Z") - *parse_rfc3339("2024-02-29T12:00:00Z") == 500ms);
  CHECK(*parse_rfc3339("2024-02-29T12:00:00.123456789123456789Z") - *parse_rfc3339("2024-02-29T12:00:00Z") ==
        123456us);
}

TEST_CASE("what is no time by RFC 3339 is none") {
  for (const char* bad :
       {"", "2024", "2024-02-30T12:00:00Z", "2023-02-29T12:00:00Z", "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z",
        "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+01:60", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00:00Z ", "+024-01-01T00:00:00Z", "tomorrow"}) {
    INFO(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
}

TEST_CASE("what is written is read back, in every year of four digits") {
  for (const std::chrono::sys_seconds time :
       {std::chrono::sys_seconds(0s), std::chrono::sys_seconds(1800000000s),
        std::chrono::sys_seconds(253402300799s), std::chrono::sys_seconds(-62167219200s)}) {
    INFO(format_rfc3339(time));
    CHECK(parse_rfc3339(format_rfc3339(time)) == time);
  }
  CHECK(format_rfc3339(std::chrono::sys_seconds(1800000000s)) == "2027-01-15T08:00:00Z");
  CHECK(format_rfc3339(std::chrono::sys_seconds(253402300799s)) == "9999-12-31T23:59:59Z");
}

TEST_CASE("an HTTP date is a point in time, in all of its three forms") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") ==
        std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == parse_http_date("Sun Nov  6 08:49:37 1994"));
  CHECK(parse_http_date("Sunday, 06-Nov-26 08:49:37 GMT") ==
        parse_http_date("Fri, 06 Nov 2026 08:49:37 GMT"));
  for (const char* bad :
       {"", "soon", "Mar", "Sun, 31 Feb 2026 12:01:00 GMT", "Sun, 01 Mar 2026 25:01:00 GMT",
        "Sun, 01 Mar 2026 12:01:00 CET", "Sun, 01 Mar 99999 12:01:00 GMT", "Sun, 01 Mar 1969 12:01:00 GMT",
        "Sun, 001 Mar 2026 12:01:00 GMT", "Sun, 01 Foo 2026 12:01:00 GMT", "Sun, 01 Mar 2026 12:01 GMT",
        "Sun, 01 Mar 2026 12:01:00 GMT x"}) {
    INFO(bad);
    CHECK_FALSE(parse_http_date(bad));
  }
}
