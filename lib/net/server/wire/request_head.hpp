// Reads a request line and its fields, strictly and without I/O. RFC 9112 §2 to §7, RFC 9110 §5, §7.2,
// §10.1.1.
//
// Our own instead of Beast's: it allocates nothing, and it refuses everything that two readers could frame
// differently (request smuggling) rather than some of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "net/server/wire/header_field.hpp"

namespace digester::net::server {

struct RequestHead {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  bool has_length = false;
  std::uint64_t length = 0;  // of the body; 0 when there is none or it is chunked
};

// Why a request is refused; after it the connection must be closed. status 0: it is not refused.
struct Refusal {
  unsigned status = 0;
  std::string_view why;  // one line for the client, a literal
};

// Where the head ends (the offset behind its empty line), or npos. `from` is what an earlier call with less
// input has already looked through, so that a head that drips in is scanned once.
std::size_t find_head_end(std::string_view input, std::size_t from = 0);

// What can be said of a head that is not complete yet: a first byte that no method starts with (TLS sent to a
// plain port, noise) is refused at once instead of after the time limit.
Refusal check_beginning(std::string_view input);

// At most this many fields; over it 431.
inline constexpr std::size_t kMaxFields = 100;

// `head_text` is the whole head, its empty line included. All views point into it.
Refusal parse_head(std::string_view head_text, RequestHead& head, std::vector<HeaderField>& fields);

}  // namespace digester::net::server
