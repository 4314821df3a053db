// A request and its response as a server's handler sees them.
//
// Both belong to the connection, which lends them for one exchange and uses their memory again for the
// next: a warm request costs no allocation here. Nothing may be kept beyond the exchange. RFC 9110, RFC 9112.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "net/server/wire/header_field.hpp"

namespace digester::net {

class ServerRequest {
 public:
  // Behind the body there is always room for this many bytes, so that a parser that reads past the end
  // (simdjson does) needs no copy.
  static constexpr std::size_t kBodyPadding = 64;

  ServerRequest() = default;
  ServerRequest(const ServerRequest&) = delete;
  ServerRequest& operator=(const ServerRequest&) = delete;

  std::string_view method;  // as sent: "POST"; methods are case-sensitive
  std::string_view path;    // before the question mark, still percent-encoded, starts with '/' (or is "*")
  std::string_view query;   // after it, without it; empty when there is none
  std::vector<HeaderField> fields;  // header fields in order of arrival, values trimmed
  std::string body;                 // whole, without transfer coding; the handler may change it in place
  SteadyTime received;              // when the first byte was read: from here the caller's time limit runs

  // The handler's own, to carry work from try_handle() that did not finish to handle(), which takes it.
  std::shared_ptr<void> attachment;

  // The value of the first field with this name (in any case); nullopt when there is none.
  std::optional<std::string_view> header(std::string_view name) const;
  // Content-Type without its parameters and surrounding blanks, empty when there is none.
  std::string_view content_type() const;
};

struct ServerResponse {
  unsigned status = 200;  // 200 to 599
  // Must outlive the exchange: a literal. Empty: no Content-Type is sent.
  std::string_view content_type = "application/json";
  std::string body;
  // Whole field lines, each with its CRLF. Content-Length, Connection and Date are the server's.
  std::string extra_fields;
  // Close the connection after this response.
  bool close = false;

  // Neither may hold CR, LF or NUL: such a field is left out.
  void add_field(std::string_view name, std::string_view value);
  // Back to the defaults, memory kept.
  void clear();
};

}  // namespace digester::net
