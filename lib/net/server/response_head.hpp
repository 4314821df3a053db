// Writes a response's head from prepared pieces. RFC 9112 §4, RFC 9110 §6.6.1 (Date).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/server/message.hpp"

namespace digester::net::server {

// "Date: …" for now, made again once a second. One thread's.
class DateField {
 public:
  explicit DateField(const Clock& clock) : clock_(&clock) {}
  // The whole line with its CRLF. `now` is the caller's reading of the same clock.
  std::string_view line(SteadyTime now);

 private:
  const Clock* clock_;
  SteadyTime valid_until_ = SteadyTime::min();
  std::string line_;
};

enum class Persistence {
  keep,      // what HTTP/1.1 does unless told otherwise
  keep_1_0,  // an HTTP/1.0 client asked for it and must be told
  close,
};

// Replaces `out` by head and body (the body left out after HEAD, and where the status allows none).
void write_response(std::string& out, const ServerResponse& response, std::string_view date_line,
                    Persistence persistence, bool to_head_request);

}  // namespace digester::net::server
