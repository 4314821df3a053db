// May this connection serve another exchange? One pure function, since a connection used again too generously
// is how the bytes of one answer come to be read as the answer to the next question.
#pragma once

#include <cstddef>
#include <string_view>

namespace digester::net {

// What is known about a connection after an exchange.
struct ExchangeFacts {
  bool request_complete = false;  // every byte of it was written
  bool message_complete = false;  // the answer ended where its own framing said
  bool failed = false;            // anything went wrong: malformed, too large, a limit passed, cancelled
  bool keep_alive = false;        // HTTP/1.1 and no Connection: close
  bool until_close = false;       // only the connection's end ends the body
  std::size_t surplus_bytes = 0;  // read, and not part of the message: a body on HEAD, a second answer
  bool peer_ended = false;        // the end of the stream was seen
};

// Empty if the connection may be used again, otherwise why not.
constexpr std::string_view reuse_obstacle(const ExchangeFacts& facts) {
  if (facts.failed) return "the exchange failed";
  if (!facts.request_complete) return "the request was not written to its end";
  if (!facts.message_complete) return "the answer is not complete";
  if (facts.until_close) return "only the end of the connection ends the answer";
  if (facts.surplus_bytes > 0) return "there are bytes after the answer";
  if (facts.peer_ended) return "the peer closed the connection";
  if (!facts.keep_alive) return "the peer asked to close";
  return {};
}

constexpr bool may_reuse(const ExchangeFacts& facts) {
  return reuse_obstacle(facts).empty();
}

}  // namespace digester::net
