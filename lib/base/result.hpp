// Errors are values: every fallible function returns Result<T>. Exceptions are for start-up failures and
// bugs; Boost's and OpenSSL's error codes are converted where they appear, in lib/net.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace digester {

// What a caller can do about an error; the text is for people.
enum class ErrorKind {
  invalid,       // the input is not well formed: a reference, a flag, a document
  not_found,     // the registry says there is no such repository, tag or manifest
  unauthorized,  // credentials are missing or were refused
  forbidden,     // credentials were understood and are not enough, or our own rules forbid the address
  conflict,      // somebody else changed it first: read it again, then decide anew
  rate_limited,  // 429; `retry_after` when the peer gave one
  unsupported,   // the peer speaks something we never will: schema 1, HTTP/2 only, socks proxies
  too_large,     // a limit of ours was exceeded
  timed_out,     // a time limit of ours passed
  unreachable,   // no address, no connection, no TLS session
  unavailable,   // 5xx, an open circuit: try again later
  protocol,      // the peer broke its protocol: a digest that does not match, a malformed answer
  cancelled,     // nobody waits for the answer any more
  internal,      // a bug or an exhausted resource on our side
};

std::string_view to_string(ErrorKind kind);

// True where asking again cannot help until somebody changes something: the admission answer is then 403,
// otherwise 500.
bool is_permanent(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  // One printable line that anyone may read: never a secret, a raw URL or a peer's body.
  std::string message;
  // For the log alone: causes that would make the answer a port scanner or a read oracle.
  std::string detail = {};
  // From the peer's Retry-After, when it sent one.
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
  // Of a kind that may pass, and yet the same at once again: a certificate that is not trusted, a proxy that
  // refuses.
  bool settled = false;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string detail = {}) {
  return tl::unexpected<Error>(Error{kind, std::move(message), std::move(detail)});
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace digester
