// Calls to the Kubernetes API: one path, one JSON answer, and errors that say what to do.
//
// Everything runs on the io_context of the HttpClient behind it: the registry thread's. Tokens are sent to
// the configured server and nowhere else; redirects are not followed. Secrets are never logged, and neither
// are bodies.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "kube/client_config.hpp"
#include "net/client/http_client.hpp"

namespace digester::kube {

struct ApiAnswer {
  unsigned status = 0;  // 2xx
  std::string body;
  std::optional<WallTime> date = std::nullopt;  // the server's clock, to the second, if it said so
};

struct ApiRequest {
  net::Method method = net::Method::get;
  std::string path;  // "/api/v1/namespaces/x/secrets/y?fieldManager=z", already percent-encoded
  std::string body = {};
  std::string content_type = "application/json";  // of a body
  Duration limit{0};           // for the whole call, repetitions included; 0: ApiOptions::limit
  std::size_t body_limit = 0;  // of the answer, if less than ApiOptions::body_limit; 0: that
};

struct ApiStream {
  std::string path;
  Duration limit{0};          // for the whole of it; must be set
  Duration silence_limit{0};  // between two pieces of the body; 0: none
};

struct ApiOptions {
  std::string user_agent = "digester";  // "digester/<version>"
  Duration limit = std::chrono::seconds(5);
  std::size_t body_limit = 16 * 1024 * 1024;
  // Calls under way at a time, streams not counted. Others wait for their turn, which counts against their
  // limits: whoever makes us ask often must not make us a burden to the API.
  std::size_t calls = 32;
  unsigned retries = 3;                                // after the first try
  Duration backoff = std::chrono::milliseconds(100);   // doubled each time, half of it by chance
  Duration longest_backoff = std::chrono::seconds(2);  // unless the API says how long
};

class ApiClient {
 public:
  virtual ~ApiClient() = default;

  // Errors (see read_error for each status):
  //   unauthorized  after the token was read anew once
  //   forbidden     names verb, resource and namespace
  //   not_found     404, and 410: what the path or its resourceVersion names is no longer there
  //   conflict      409, 412
  //   rate_limited  429, after waiting as long as it said, where the limit allows it; retry_after set
  //   unavailable   5xx, for GET after repetitions
  //   unreachable   no connection, for GET after repetitions
  //   timed_out, too_large, protocol, cancelled, invalid, unsupported
  // What is not a GET is sent again only after 401 and 429, which mean that nothing was done.
  virtual net::Task<Result<ApiAnswer>> call(ApiRequest request) = 0;

  // A GET whose answer is handed on as it comes (HttpClient::stream: first an empty piece, false ends it).
  // Success: it came to its end, or `on_body` ended it. Repeated only after a 401.
  virtual net::Task<Result<void>> stream(ApiStream request, net::HttpClient::OnBody on_body) = 0;

  net::Task<Result<ApiAnswer>> get(std::string path) { return call({net::Method::get, std::move(path)}); }
  net::Task<Result<ApiAnswer>> post(std::string path, std::string json) {
    return call({net::Method::post, std::move(path), std::move(json)});
  }
  net::Task<Result<ApiAnswer>> put(std::string path, std::string json) {
    return call({net::Method::put, std::move(path), std::move(json)});
  }
  // `content_type`: "application/merge-patch+json", "application/apply-patch+yaml" and the like.
  net::Task<Result<ApiAnswer>> patch(std::string path, std::string body, std::string content_type) {
    return call({net::Method::patch, std::move(path), std::move(body), std::move(content_type)});
  }
  net::Task<Result<ApiAnswer>> remove(std::string path) {
    return call({net::Method::delete_, std::move(path)});
  }
};

// Chance and sleep, so that tests own them.
struct ApiHooks {
  std::function<double()> random;              // [0, 1); empty: a generator of its own
  std::function<net::Task<>(Duration)> sleep;  // cancellable; empty: a timer on the caller's executor
};
// With what is empty filled in.
ApiHooks complete(ApiHooks hooks);

// With an HTTP client of its own, made from the config. Throws std::runtime_error for a client certificate
// that is no use. References outlive the object and every coroutine that it started.
std::unique_ptr<ApiClient> create_api_client(net::asio::io_context& io, ClientConfig config,
                                             const Clock& clock, const Logger& log, ApiOptions options = {});

// Over this client, which outlives the object and its coroutines: TLS and proxy are not looked at.
std::unique_ptr<ApiClient> create_api_client(net::HttpClient& http, ClientConfig config, const Clock& clock,
                                             const Logger& log, ApiOptions options = {}, ApiHooks hooks = {});

}  // namespace digester::kube
