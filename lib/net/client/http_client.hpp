// An HTTP/1.1 client for registries, token services and, later, clouds and the Kubernetes API.
//
// Every exchange has limits for size and time, every connection goes to an address that was checked, and a
// connection is used again only if nothing on it can belong to another exchange.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
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

enum class Method { get, head, post };

struct Request {
  Method method = Method::get;
  Url url;
  Headers headers;   // Host, Connection and Content-Length are the client's own
  std::string body;  // POST only
  AddressPolicy addresses;
  std::size_t body_limit = 64 * 1024;  // bytes of the answer's body; more is ErrorKind::too_large
  SteadyTime deadline;                 // for everything: DNS, connect, TLS, request, whole answer
  // An answer that must never be taken for another question's. After a 2xx one the connection rests (see
  // PoolOptions::rest) before anybody uses it again: a second answer that comes late shows itself meanwhile.
  bool settle = false;
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
};

}  // namespace digester::net
