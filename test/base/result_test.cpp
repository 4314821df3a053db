#include "base/result.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace digester;

TEST_CASE("each kind of error has its own name, and those that asking again cannot help are permanent") {
  std::set<std::string_view> names;
  std::set<ErrorKind> permanent;
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
    names.insert(to_string(static_cast<ErrorKind>(i)));
    if (is_permanent(static_cast<ErrorKind>(i))) permanent.insert(static_cast<ErrorKind>(i));
  }
  CHECK(names.size() == static_cast<std::size_t>(ErrorKind::internal) + 1);
  CHECK(permanent == std::set{ErrorKind::invalid, ErrorKind::not_found, ErrorKind::unauthorized,
                              ErrorKind::forbidden, ErrorKind::unsupported});
}

TEST_CASE("a failure carries its kind, message and detail") {
  const Result<int> r = fail(ErrorKind::timed_out, "slow", "for the log");
  REQUIRE_FALSE(r);
  CHECK(r.error().kind == ErrorKind::timed_out);
  CHECK(r.error().message == "slow");
  CHECK(r.error().detail == "for the log");
  CHECK_FALSE(r.error().retry_after);
}
