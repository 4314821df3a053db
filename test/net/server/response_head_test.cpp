#include "net/server/response_head.hpp"

#include <catch2/catch.hpp>

#include "support/manual_clock.hpp"

using namespace digester;
using namespace digester::net;
using namespace digester::net::server;

namespace {

std::string written(const ServerResponse& response, Persistence persistence = Persistence::keep,
                    bool head = false) {
  std::string out = "left over";
  write_response(out, response, "Date: D\r\n", persistence, head);
  return out;
}

}  // namespace

TEST_CASE("A response is one buffer, head and body") {
  ServerResponse response;
  response.body = "{}";
  CHECK(written(response) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(written(response, Persistence::close) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: "
        "close\r\n\r\n"
        "{}");
  CHECK(written(response, Persistence::keep_1_0).find("\r\nConnection: keep-alive\r\n") != std::string::npos);
  CHECK(written(response, Persistence::keep, true) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
}

TEST_CASE("Fields that would break the head are left out") {
  ServerResponse response;
  response.status = 429;
  response.add_field("Retry-After", "1");
  response.add_field("X", "a\r\nInjected: b");
  response.add_field("X\n", "a");
  CHECK(written(response) ==
        "HTTP/1.1 429 Too Many Requests\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
        "Retry-After: 1\r\n\r\n");
}

TEST_CASE("Some statuses have no body, and some no name here") {
  ServerResponse response;
  response.body = "ignored";
  response.status = 204;
  CHECK(written(response) == "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  response.status = 304;
  CHECK(written(response) == "HTTP/1.1 304 -\r\nDate: D\r\n\r\n");
  response.status = 599;
  response.content_type = {};
  CHECK(written(response) == "HTTP/1.1 599 -\r\nDate: D\r\nContent-Length: 7\r\n\r\nignored");
}

TEST_CASE("A cleared response is as new") {
  ServerResponse response;
  response.status = 500;
  response.content_type = "text/plain";
  response.body = "x";
  response.add_field("A", "b");
  response.close = true;
  response.clear();
  CHECK(written(response) == written(ServerResponse()));
  CHECK_FALSE(response.close);
}

TEST_CASE("The date follows the wall clock by the second") {
  test::ManualClock clock;  // starts at 1800000000: Friday, 15 January 2027, 08:00:00
  DateField date(clock);
  CHECK(date.line(clock.now()) == "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n");
  clock.advance(std::chrono::milliseconds(999));
  CHECK(date.line(clock.now()) == "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n");
  clock.advance(std::chrono::milliseconds(1));
  CHECK(date.line(clock.now()) == "Date: Fri, 15 Jan 2027 08:00:01 GMT\r\n");
  clock.advance(std::chrono::hours(24 * 20));
  CHECK(date.line(clock.now()) == "Date: Thu, 04 Feb 2027 08:00:01 GMT\r\n");
}
