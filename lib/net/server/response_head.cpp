#include "net/server/response_head.hpp"

#include <fmt/chrono.h>
#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

namespace digester::net::server {
namespace {

using namespace std::string_view_literals;

std::string_view status_line(unsigned status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n"sv;
    case 204:
      return "HTTP/1.1 204 No Content\r\n"sv;
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n"sv;
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n"sv;
    case 404:
      return "HTTP/1.1 404 Not Found\r\n"sv;
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n"sv;
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n"sv;
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n"sv;
    case 415:
      return "HTTP/1.1 415 Unsupported Media Type\r\n"sv;
    case 417:
      return "HTTP/1.1 417 Expectation Failed\r\n"sv;
    case 429:
      return "HTTP/1.1 429 Too Many Requests\r\n"sv;
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n"sv;
    case 500:
      return "HTTP/1.1 500 Internal Server Error\r\n"sv;
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n"sv;
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n"sv;
    case 505:
      return "HTTP/1.1 505 HTTP Version Not Supported\r\n"sv;
    default:
      return {};
  }
}

}  // namespace

std::string_view DateField::line(SteadyTime now) {
  if (now >= valid_until_) {
    const auto wall = clock_->wall();
    const auto second = std::chrono::floor<std::chrono::seconds>(wall);
    valid_until_ =
        now + (std::chrono::seconds(1) - std::chrono::duration_cast<std::chrono::nanoseconds>(wall - second));
    line_ = fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                        fmt::gmtime(std::chrono::system_clock::to_time_t(second)));
  }
  return line_;
}

void write_response(std::string& out, const ServerResponse& response, std::string_view date_line,
                    Persistence persistence, bool to_head_request) {
  out.clear();
  if (const auto line = status_line(response.status); !line.empty())
    out.append(line);
  else
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("HTTP/1.1 {} -\r\n"), response.status);
  out.append(date_line);
  // RFC 9110 §8.6: neither length nor body with these.
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!response.content_type.empty())
      out.append("Content-Type: "sv).append(response.content_type).append("\r\n"sv);
    const fmt::format_int length(response.body.size());
    out.append("Content-Length: "sv).append(length.data(), length.size()).append("\r\n"sv);
  }
  if (persistence == Persistence::close)
    out.append("Connection: close\r\n"sv);
  else if (persistence == Persistence::keep_1_0)
    out.append("Connection: keep-alive\r\n"sv);
  out.append(response.extra_fields).append("\r\n"sv);
  if (!bodiless && !to_head_request) out.append(response.body);
}

}  // namespace digester::net::server
