// Takes the chunked transfer coding off a body, piece by piece and without I/O. RFC 9112 §7.1.
//
// Strict for the same reason as request_head.hpp. Extensions and trailers are read and dropped, within
// limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace digester::net::server {

class ChunkedDecoder {
 public:
  enum class Status { more, done, malformed, too_large };

  // `max_body` is in bytes, all chunks together.
  explicit ChunkedDecoder(std::size_t max_body) : max_body_(max_body) {}

  // Takes what belongs to the body from the front of `input`, and appends its data to `body` (unless null:
  // then it is only counted). After `done`, what is left of `input` belongs to the next request.
  Status feed(std::string_view& input, std::string* body);

 private:
  enum class State {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    end_lf
  };

  Status take(char c);

  // Of extensions and trailers, all together.
  static constexpr std::size_t kMaxDropped = 8 * 1024;

  State state_ = State::size;
  std::size_t max_body_;
  std::size_t total_ = 0;
  std::uint64_t left_ = 0;  // of the chunk that is being read
  unsigned digits_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace digester::net::server
