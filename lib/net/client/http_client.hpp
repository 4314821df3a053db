// An HTTP/1.1 client for registries, token services, clouds and the Kubernetes API.
//
// Every exchange has limits for size and time, every connection goes to an address that was checked, and a
// connection is used again only if nothing on it can belong to another exchange.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "net/http_message.hpp"
#include "net/task.hpp"

namespace digester::net {

// Which addresses this request may reach. Part of the pool's key: a reused connection skips the check.
// Link-local, metadata and reserved addresses are never reached (registry.md: deny always), whatever is set,
// unless `allow_metadata` (cloud credential sources alone).
struct AddressPolicy {
  bool allow_loopback = false;  // listed by the operator, or the command line's own machine
  bool allow_private = true;    // RFC 1918, ULA, CGNAT
  bool allow_metadata = false;
  // The operator named this host: errors may tell refused, timed out and TLS failures apart. For an unlisted
  // host with a private address they may not (that would be a port scanner).
  bool listed = false;
  friend bool operator==(const AddressPolicy&, const AddressPolicy&) = default;
};

enum class AddressClass { public_address, private_address, loopback, denied };

// Registry rules on a resolved address; v4-mapped, NAT64, 6to4 and Teredo forms are judged by what they
// embed. Pure.
AddressClass classify(const boost::asio::ip::address& address);

enum class Method { get, head, post, put, patch, delete_ };

// As it goes over the wire. RFC 9110 §9.3, RFC 5789.
constexpr std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
  }
  return "GET";
}

// Nothing changes by it, so that it may be sent twice (RFC 9110 §9.2.1). PUT and DELETE may be, too, by the
// letter, but the second one's answer (conflict, not found) would not be the first one's.
constexpr bool is_safe(Method method) {
  return method == Method::get || method == Method::head;
}
constexpr bool has_body(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

struct Request {
  Method method = Method::get;
  Url url;
  Headers headers;   // Host, Connection and Content-Length are the client's own
  std::string body;  // of POST, PUT and PATCH only
  AddressPolicy addresses;
  std::size_t body_limit = 64 * 1024;  // bytes of the answer's body; more is ErrorKind::too_large
  SteadyTime deadline;                 // for everything: DNS, connect, TLS, request, whole answer
  // An answer that must never be taken for another question's. After a 2xx one the connection rests (see
  // PoolOptions::rest) before anybody uses it again: a second answer that comes late shows itself meanwhile.
  bool settle = false;
  // stream() alone: how long the peer may say nothing within the body. 0: as long as it likes.
  Duration silence_limit{0};
};

struct Response {
  unsigned status = 0;
  Headers headers;
  std::string body;  // empty for HEAD; Content-Encoding untouched
  AddressClass peer = AddressClass::public_address;
  bool reused = false;  // came over a pooled connection
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // One exchange, no redirects, no retries other than one on a reused connection that closed before any
  // byte of an answer. Any status is a Response; errors are transport, limit and policy failures:
  //   unreachable  DNS, connect, TLS (message: which; detail: the cause)
  //   timed_out    the deadline or a step's own limit
  //   forbidden    the address rules (message names the host, never the address)
  //   too_large    headers over 64 KiB or body over body_limit
  //   protocol     malformed or desynchronised answer; HTTP/2-only peers are `unsupported`
  // Runs on the client's own io_context. Cancellable by asio's cancellation.
  virtual Task<Result<Response>> send(Request request) = 0;

  // Takes a piece of the body; valid during the call. False ends the exchange.
  using OnBody = std::function<bool(std::string_view)>;

  // An exchange whose 2xx answer is handed on as it comes, its chunks put together, and never collected: the
  // Response then has no body. `on_body` first gets an empty piece, when the head is there, so that a caller
  // knows of a stream that has nothing to say yet. Any other status is answered as by send().
  //
  // Always a connection of its own, which serves again only if the answer came to its end. The deadline is
  // for everything; in place of the client's limit for bodies there is Request::silence_limit, and
  // `body_limit` is for an answer other than 2xx. Success: the body came to its end, or `on_body` ended it.
  // Errors are those of send(), with `unreachable` for a body that was cut and `timed_out` for a silent one.
  virtual Task<Result<Response>> stream(Request request, OnBody on_body) = 0;
};

}  // namespace digester::net
