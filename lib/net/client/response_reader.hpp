// The answer to one request, from bytes to a Response: a parser without I/O. RFC 9112, read strictly: where
// two readers could disagree about where a message ends, this one refuses it, since the bytes after the end
// would become another image's digest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/client/http_client.hpp"

namespace digester::net {

struct ReaderLimits {
  std::size_t head = 64 * 1024;  // status lines, fields, chunk headers and trailers, 1xx included
  std::size_t body = 64 * 1024;
  std::size_t interim = 8;  // 1xx answers before the real one
  std::size_t fields = 512;
};

class ResponseReader {
 public:
  // `peer` names the other side in errors.
  ResponseReader(Method method, ReaderLimits limits, std::string peer);
  // The answer to CONNECT: a 2xx ends with its head, whatever the fields say.
  static ResponseReader for_connect(ReaderLimits limits, std::string peer);

  // From now on a 2xx answer's body goes to `on_body` piece by piece and is not collected, whatever its
  // length; an empty piece when the head is there. When it answers false nothing more is read: stopped().
  void hand_on(HttpClient::OnBody on_body) { on_body_ = std::move(on_body); }

  // Takes bytes as they come, cut anywhere; answers how many belong to this message. Fewer than all means
  // that the message is complete and the rest is surplus. After an error the reader is of no further use.
  // Errors: `protocol`, `too_large`, `unsupported` (an HTTP/2 peer).
  Result<std::size_t> feed(std::string_view bytes);
  // The peer ended its side. Fine for a body that lasts until then, if the end was orderly.
  Result<void> end(bool orderly);

  bool head_done() const { return state_ > State::head; }
  bool done() const { return state_ == State::done; }
  bool stopped() const { return stopped_; }
  // The body is handed on; known once the head is done.
  bool handing_on() const { return on_body_ && response_.status / 100 == 2; }
  bool until_close() const { return until_close_; }
  // HTTP/1.1 without `Connection: close`; HTTP/1.0 never.
  bool keep_alive() const { return keep_alive_; }

  // Once done; status, headers and body.
  Response take() { return std::move(response_); }
  const Response& response() const { return response_; }

 private:
  enum class State { head, sized, until_close, chunk_header, chunk_data, chunk_end, trailers, done };

  tl::unexpected<Error> malformed(std::string_view what) const;
  tl::unexpected<Error> body_too_large() const;
  bool fits(std::uint64_t more) const { return handing_on() || more <= limits_.body - response_.body.size(); }
  void take_body(std::string_view bytes);
  Result<std::size_t> step(std::string_view bytes);
  // Collects one CRLF-ended line in line_; true when it is complete. Counts against the head limit.
  Result<bool> collect_line(std::string_view bytes, std::size_t& used);
  Result<void> line();
  Result<void> status_line();
  Result<void> field_line();
  Result<void> end_of_head();
  Result<void> chunk_header();

  Method method_;
  ReaderLimits limits_;
  std::string peer_;
  bool connect_ = false;
  HttpClient::OnBody on_body_;
  bool stopped_ = false;

  State state_ = State::head;
  std::string line_;
  bool have_status_ = false;
  std::size_t head_bytes_ = 0;
  std::size_t interim_ = 0;
  bool old_version_ = false;
  bool keep_alive_ = false;
  bool until_close_ = false;
  std::uint64_t remaining_ = 0;
  Response response_;
};

}  // namespace digester::net
