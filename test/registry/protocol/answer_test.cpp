// What registries and token services answer when they do not answer the question.
#include <catch2/catch.hpp>
#include <string>

#include "registry/protocol/error_answer.hpp"
#include "registry/protocol/retry_after.hpp"
#include "registry/protocol/token_answer.hpp"

using namespace digester;
using namespace digester::registry::protocol;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h;

ErrorCode code_of(const std::string& code) {
  return read_error_answer(R"({"errors":[{"code":")" + code + R"(","message":"m"}]})", kNow).code;
}

TokenAnswer token(const std::string& body) {
  const auto answer = read_token_answer(body);
  REQUIRE(answer);
  return *answer;
}

std::chrono::seconds life(const std::string& expires_in) {
  return token(R"({"token":"t","expires_in":)" + expires_in + "}").life;
}

}  // namespace

TEST_CASE("error codes are read from the body, unknown ones passed over") {
  CHECK(code_of("MANIFEST_UNKNOWN") == ErrorCode::manifest_unknown);
  CHECK(code_of("NOT_FOUND") == ErrorCode::not_found);
  CHECK(code_of("TOOMANYREQUESTS") == ErrorCode::too_many_requests);
  CHECK(code_of("SOMETHING_ELSE") == ErrorCode::none);
  CHECK(read_error_answer(R"({"errors":[{"code":"ODD"},{"code":"DENIED"}]})", kNow).code ==
        ErrorCode::denied);
}

TEST_CASE("an error body may be text, empty, or of any other shape") {
  for (const auto* body :
       {"", "404 page not found", "{}", "[]", R"({"errors":null})", R"({"errors":[null,1,"x"]})",
        R"({"errors":[{"code":401}]})", "\xff\xfe", R"({"errors":{"code":"DENIED"}})"}) {
    INFO(body);
    CHECK(read_error_answer(body, kNow).code == ErrorCode::none);
  }
}

TEST_CASE("the outcome is decided by status, then by code") {
  CHECK(classify(404, ErrorCode::none) == ErrorKind::not_found);
  CHECK(classify(404, ErrorCode::denied) == ErrorKind::not_found);
  CHECK(classify(401, ErrorCode::manifest_unknown) == ErrorKind::unauthorized);
  CHECK(classify(403, ErrorCode::none) == ErrorKind::forbidden);
  CHECK(classify(429, ErrorCode::none) == ErrorKind::rate_limited);
  CHECK(classify(405, ErrorCode::none) == ErrorKind::unsupported);
  CHECK(classify(415, ErrorCode::none) == ErrorKind::unsupported);
  CHECK(classify(500, ErrorCode::manifest_unknown) == ErrorKind::unavailable);
  CHECK(classify(503, ErrorCode::none) == ErrorKind::unavailable);
  CHECK(classify(400, ErrorCode::name_invalid) == ErrorKind::invalid);
  CHECK(classify(400, ErrorCode::tag_invalid) == ErrorKind::invalid);
  CHECK(classify(400, ErrorCode::manifest_invalid) == ErrorKind::invalid);
  CHECK(classify(400, ErrorCode::unsupported) == ErrorKind::unsupported);
  CHECK(classify(400, ErrorCode::name_unknown) == ErrorKind::not_found);
  CHECK(classify(400, ErrorCode::none) == ErrorKind::protocol);
  CHECK(classify(400, ErrorCode::too_many_requests) == ErrorKind::rate_limited);
  CHECK(classify(418, ErrorCode::unknown) == ErrorKind::unavailable);
  CHECK(classify(304, ErrorCode::none) == ErrorKind::protocol);
}

TEST_CASE("Retry-After is seconds, a date in three forms, or a duration") {
  CHECK(parse_retry_after("120", kNow) == 120s);
  CHECK(parse_retry_after(" 0 ", kNow) == 0s);
  CHECK(*parse_retry_after("Sun, 01 Mar 2026 12:01:00 GMT", kNow) >= 60s);
  CHECK(*parse_retry_after("Sun, 01 Mar 2026 12:01:00 GMT", kNow) <= 61s);
  CHECK(*parse_retry_after("Sunday, 01-Mar-26 12:01:00 GMT", kNow) >= 60s);
  CHECK(*parse_retry_after("Sun Mar  1 12:01:00 2026", kNow) >= 60s);
  CHECK(parse_retry_after("Sat, 28 Feb 2026 12:01:00 GMT", kNow) == 0s);
  CHECK(parse_retry_after("1.246809ms", kNow) == 1246809ns);
  CHECK(parse_retry_after("99999999999999999999", kNow) == 10 * 365 * 24h);
}

TEST_CASE("a Retry-After that cannot be read is none") {
  for (const auto* text : {"", "soon", "-1", "1.5", "10 seconds", "Sun, 31 Feb 2026 12:01:00 GMT",
                           "Sun, 01 Mar 2026 25:01:00 GMT", "Sun, 01 Mar 2026 12:01:00 CET", "1,2", "Mar",
                           "Sun, 01 Mar 99999 12:01:00 GMT"}) {
    INFO(text);
    CHECK(parse_retry_after(text, kNow) == std::nullopt);
  }
}

TEST_CASE("ghcr.io writes the wait into the error's message") {
  const auto answer = read_error_answer(
      R"({"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 1.246809ms, allowed: 44000/minute"}]})",
      kNow);
  CHECK(answer.code == ErrorCode::too_many_requests);
  CHECK(answer.retry_after == 1246809ns);
  CHECK(read_error_answer("Retry-After: 3", kNow).retry_after == 3s);
  CHECK(read_error_answer("retry-after: never", kNow).retry_after == std::nullopt);
}

TEST_CASE("GGCR 54: access_token is as good as token, and an empty one does not hide the other") {
  CHECK(token(R"({"token":"a"})").token == "a");
  CHECK(token(R"({"access_token":"b"})").token == "b");
  CHECK(token(R"({"token":"a","access_token":""})").token == "a");
  CHECK(token(R"({"token":"","access_token":"b"})").token == "b");
  CHECK(token(R"({"token":null,"access_token":"b"})").token == "b");
}

TEST_CASE("expires_in is clamped, read as text too, and doubted when absurd") {
  CHECK(token(R"({"token":"t"})").life == 60s);
  CHECK(life("300") == 300s);
  CHECK(life("300.9") == 300s);
  CHECK(life("\"300\"") == 300s);
  CHECK(life("\" 300 \"") == 300s);
  CHECK(life("1") == 60s);
  CHECK(life("0") == 60s);
  CHECK(life("-5") == 60s);
  CHECK(life("null") == 60s);
  CHECK(life("\"soon\"") == 60s);
  CHECK(life("\"inf\"") == 60s);
  CHECK(life("\"nan\"") == 60s);
  CHECK(life("604800") == 24h);
  CHECK(life("1e18") == 60s);
  CHECK(life("\"99999999999999999999\"") == 60s);
}

TEST_CASE("issued_at is ignored") {
  CHECK(token(R"({"token":"t","expires_in":300,"issued_at":"1999-01-01T00:00:00Z"})").life == 300s);
}

TEST_CASE("a token answer without a usable token is an error that does not quote it") {
  for (const std::string body : {"", "[]", "{}", R"({"token":""})", R"({"token":5})", R"({"token":"a b"})",
                                 R"({"token":"a\r\nX: y"})", R"({"token":"a\u0000"})", R"({"token":"ü"})"}) {
    INFO(body);
    const auto answer = read_token_answer(body);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::protocol);
    CHECK(answer.error().message.find("X: y") == std::string::npos);
  }
  CHECK_FALSE(read_token_answer(R"({"token":")" + std::string(64 * 1024, 'x') + "\"}"));
}
