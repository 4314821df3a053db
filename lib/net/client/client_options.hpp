// How the HTTP client is made, with every limit and its default. Durations are wall time of one step; the
// request's own deadline cuts all of them short.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "net/client/http_client.hpp"

namespace digester::net {

// Names to addresses: c-ares with the system's configuration (/etc/resolv.conf with search and ndots,
// /etc/hosts).
struct DnsOptions {
  Duration limit = std::chrono::seconds(2);          // for one name, all its queries together
  Duration positive_ttl = std::chrono::seconds(30);  // at most this, and never longer than the record's own
  Duration negative_ttl = std::chrono::seconds(2);   // the name does not exist; 0: not remembered
  Duration failure_ttl = std::chrono::milliseconds(500);  // no usable answer; 0: not remembered
  std::size_t addresses_per_name = 16;                    // further ones are dropped, IPv6 and IPv4 in turn
  std::size_t cached_names = 1024;
  std::size_t flights = 256;  // names asked for at the same time; more fail at once

  // Instead of the system's: "ip:port" with commas. Empty: the system's.
  std::string servers;
  std::optional<std::vector<std::string>> search;
  std::optional<int> ndots;
  // Names (lower case) that are answered from here and not asked for.
  std::map<std::string, std::vector<boost::asio::ip::address>, std::less<>> fixed;
};

// Which authorities are trusted. The system's store takes some 30 ms to load, so that is done in the
// background when the first https exchange begins, not at start.
struct TrustOptions {
  // As Go does: the first readable of the usual bundles and every certificate of the usual directories.
  bool system_store = true;
  // SSL_CERT_FILE and SSL_CERT_DIR (colon-separated), each replacing its half of the usual places.
  std::optional<std::string> cert_file;
  std::optional<std::string> cert_dir;
  // --ca-file: PEM, in addition. Read when the client is made: one that cannot be read, or holds no
  // certificate, throws std::runtime_error there.
  std::vector<std::string> ca_files;
  // PEM text, in addition.
  std::string ca_pem;
  // Told once, when the store is loaded, what of SSL_CERT_FILE and SSL_CERT_DIR is no use.
  std::function<void(const std::string&)> warn;
};

// What errors call the other side, and the cures that they name.
struct Wording {
  std::string peer = "the registry";
  std::string add_ca = "with --ca-file";  // "add that CA …"
  std::string plain_http = "a plain http registry is listed with --insecure-registries";
};

// How TLS is spoken beyond whom to trust: what a kubeconfig says of its server. For every https exchange of
// the client, so such a client has one server.
struct TlsOptions {
  // Our own certificate, with its chain after it, and its key: PEM, both or neither. The key must not be
  // encrypted. One that cannot be used makes create_http_client throw std::runtime_error.
  std::string certificate_pem;
  std::string key_pem;
  // The name (or address) that the server's certificate must hold, and that SNI asks for, in place of the
  // URL's host.
  std::string server_name;
  // Any certificate will do: kubeconfig's insecure-skip-tls-verify and nothing else. No store is loaded then.
  bool insecure_skip_verify = false;
};

// The proxy variables, by the rules of Go's httpproxy. Values may hold a password: never log them.
struct ProxyOptions {
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
  // Loopback addresses and "localhost" too, which the variables never mean (kubeconfig's proxy-url does).
  bool loopback = false;

  // HTTP_PROXY, HTTPS_PROXY and NO_PROXY, upper case first, then lower case. `get` is getenv or a test's.
  static ProxyOptions from_environment(const std::function<const char*(const char*)>& get);
};

struct PoolOptions {
  Duration idle = std::chrono::seconds(30);
  Duration life = std::chrono::minutes(5);  // so that a change of addresses is noticed
  std::size_t idle_per_key = 64;
  std::size_t idle_in_all = 256;
  // After an exchange with Request::settle: at least this long, twice the slowest answer seen on the
  // connection if that is longer, and at most a second. A peer that answers twice thus spoils one look-up at
  // most, never those that follow it. 0: no rest.
  Duration rest = std::chrono::milliseconds(50);
};

struct ClientOptions {
  std::string user_agent = "digester";  // "digester/<version>"

  DnsOptions dns;
  TrustOptions trust;
  TlsOptions tls;
  Wording wording;
  ProxyOptions proxy;  // empty: none; make it with from_environment
  PoolOptions pool;

  Duration connect_limit = std::chrono::seconds(3);           // one address
  Duration connect_stagger = std::chrono::milliseconds(250);  // before the next address is tried as well
  Duration tls_limit = std::chrono::seconds(5);
  Duration proxy_limit = std::chrono::seconds(5);    // the answer to CONNECT
  Duration head_limit = std::chrono::seconds(10);    // from the request's last byte to the end of the head
  Duration body_limit = std::chrono::seconds(30);    // from there to the end of the body
  Duration user_timeout = std::chrono::seconds(10);  // TCP_USER_TIMEOUT: sent and not acknowledged
  // A reused connection that is silent for this long races a fresh one (GET and HEAD).
  Duration silence = std::chrono::seconds(1);

  std::size_t head_bytes = 64 * 1024;  // status line and fields, 1xx and trailers included
  std::size_t connections = 512;       // open at once, idle ones not counted; more are refused

  // "host" or "host:port" (an IPv6 address in brackets) that is never reached, beyond the rules' own: the
  // Kubernetes API's names and address. std::invalid_argument if one of them is neither.
  std::vector<std::string> denied_hosts;
};

// Everything of the client runs on `io`, which one thread runs and which outlives the client. Idle
// connections keep a timer pending there: whoever wants run() to return destroys the client or stops the
// context. Throws std::runtime_error for a CA file or a certificate of our own that is no use. A proxy that
// is no use fails the exchanges that need it.
std::unique_ptr<HttpClient> create_http_client(boost::asio::io_context& io, ClientOptions options);

}  // namespace digester::net
