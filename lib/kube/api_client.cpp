#include "kube/api_client.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "kube/api_error.hpp"
#include "kube/call_slots.hpp"
#include "kube/credential_in_use.hpp"
#include "net/client/client_options.hpp"
#include "net/with_timeout.hpp"

namespace digester::kube {
namespace {

SteadyTime::duration steady(Duration duration) {
  return std::chrono::duration_cast<SteadyTime::duration>(duration);
}

Duration scaled(Duration duration, double by) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * by));
}

net::Task<> sleep_on_timer(Duration duration) {
  const auto executor = co_await net::asio::this_coro::executor;
  net::Timer timer(executor, steady(duration));
  co_await timer.async_wait(net::use_task);
}

// An HTTP client that shows this certificate. Throws std::runtime_error for one that is no use.
using MakeClient = std::function<std::shared_ptr<net::HttpClient>(const ApiCredential&)>;

// Shared by the calls under way, so that these may end after the client itself.
struct Core {
  Core(std::shared_ptr<net::HttpClient> client, MakeClient maker, ClientConfig from, const Clock& time,
       const Logger& logger, ApiOptions limits, ApiHooks with)
      : http(std::move(client)),
        make(std::move(maker)),
        shown{{}, from.client_certificate_pem, from.client_key_pem},
        server(std::move(from.server)),
        clock(time),
        log(logger),
        options(std::move(limits)),
        slots(std::make_shared<CallSlots>(options.calls)),
        hooks(complete(std::move(with))),
        credential(from, time, logger) {
    while (server.target.ends_with('/'))
      server.target.pop_back();
  }

  std::shared_ptr<net::HttpClient> http;
  MakeClient make;      // empty: whatever the certificate, it is `http`
  ApiCredential shown;  // the certificate of `http`
  net::Url server;      // without a slash at its end
  const Clock& clock;
  const Logger& log;
  const ApiOptions options;
  const std::shared_ptr<CallSlots> slots;
  ApiHooks hooks;
  CredentialInUse credential;
};
using CorePtr = std::shared_ptr<Core>;

// One call, over all its tries.
struct Asked {
  net::Method method = net::Method::get;
  std::string path;
  std::string body;
  std::string content_type;
  SteadyTime deadline;
  Duration silence_limit{0};
  std::size_t body_limit = 0;
  net::HttpClient::OnBody on_body;  // set: a stream
  Right right;
  ApiCredential credential;  // of the last try
};

net::Request make_request(const Core& core, const Asked& asked) {
  net::Request request;
  request.method = asked.method;
  request.url = core.server;
  request.url.target += asked.path;
  request.headers.add("Accept", "application/json");
  if (const auto& token = asked.credential.token; !token.empty())
    request.headers.add("Authorization", "Bearer " + token);
  if (net::has_body(asked.method)) {
    request.headers.add("Content-Type", asked.content_type);
    request.body = asked.body;
  }
  // The operator named this server, wherever it is.
  request.addresses.allow_loopback = request.addresses.allow_private = request.addresses.listed = true;
  request.body_limit = core.options.body_limit;
  if (asked.body_limit > 0) request.body_limit = std::min(request.body_limit, asked.body_limit);
  request.deadline = asked.deadline;
  request.silence_limit = asked.silence_limit;
  return request;
}

void tell(const Core& core, const Asked& asked, const Result<net::Response>& response, Duration took) {
  if (!core.log.enabled(Level::debug)) return;
  core.log.debug("asked the Kubernetes API",
                 {{"method", net::to_string(asked.method)},
                  {"path", asked.right.path},
                  {"status", response ? response->status : 0},
                  {"error", response ? std::string_view() : std::string_view(response.error().message)},
                  {"took_ms", std::chrono::duration<double, std::milli>(took).count()}});
}

// The client whose connections show this certificate. With another certificate it is a new one; exchanges
// under way keep the old one until they end.
Result<std::shared_ptr<net::HttpClient>> client_for(Core& core, const ApiCredential& credential) {
  if (!core.make ||
      (credential.certificate_pem == core.shown.certificate_pem && credential.key_pem == core.shown.key_pem))
    return core.http;
  try {
    core.http = core.make(credential);
  } catch (const std::runtime_error& error) {
    return fail(ErrorKind::unauthorized, error.what());
  }
  core.shown = credential;
  return core.http;
}

// One try. `asked` is on the caller's frame.
net::Task<Result<net::Response>> attempt(Core& core, Asked& asked, std::optional<ApiCredential> refused) {
  auto getting = core.credential.get(std::move(refused));
  // The injected clock says how much time is left, the real one when that is over.
  const auto until = SystemClock().now() + (asked.deadline - core.clock.now());
  auto credential = co_await net::with_timeout(until, std::move(getting));
  if (!credential)
    co_return fail(ErrorKind::timed_out, "the credential for the Kubernetes API did not come in time");
  if (!*credential) co_return fail(std::move(credential->error()));
  asked.credential = std::move(**credential);
  std::optional<CallSlots::Turn> turn;
  if (!asked.on_body) {
    const auto executor = co_await net::asio::this_coro::executor;
    turn.emplace(core.slots);
    co_await turn->wait(executor, until);
    if (!turn->granted())
      co_return fail(ErrorKind::timed_out, "other calls to the Kubernetes API took all the time there was");
  }
  const auto http = client_for(core, asked.credential);
  if (!http) co_return fail(http.error());
  const auto started = core.clock.now();
  auto request = make_request(core, asked);
  Result<net::Response> response;
  if (asked.on_body)
    response = co_await (*http)->stream(std::move(request), asked.on_body);
  else
    response = co_await (*http)->send(std::move(request));
  tell(core, asked, response, core.clock.now() - started);
  co_return response;
}

// How long to wait before the call is made again; nothing: it is not.
std::optional<Duration> wait_before_retry(Core& core, const Asked& asked, const Error& error, bool answered,
                                          unsigned retries) {
  if (retries >= core.options.retries || asked.on_body) return std::nullopt;
  const bool busy = answered && error.kind == ErrorKind::rate_limited;
  const bool again = asked.method == net::Method::get && (error.kind == ErrorKind::unreachable ||
                                                          (answered && error.kind == ErrorKind::unavailable));
  if (!busy && !again) return std::nullopt;
  Duration wait = core.options.backoff;
  for (unsigned i = 0; i < retries && wait < core.options.longest_backoff; ++i)
    wait *= 2;
  wait = scaled(std::min(wait, core.options.longest_backoff), 0.5 + 0.5 * core.hooks.random());
  // Never earlier than it said, and not all of us at the same time.
  if (error.retry_after) wait += scaled(*error.retry_after, 1 + 0.1 * core.hooks.random());
  if (core.clock.now() + steady(wait) >= asked.deadline) return std::nullopt;
  return wait;
}

net::Task<Result<ApiAnswer>> perform(CorePtr core, Asked asked) {
  if (!asked.path.starts_with('/')) co_return fail(ErrorKind::invalid, "the API's path begins with a slash");
  asked.right = right_of(asked.method, asked.path);
  std::optional<ApiCredential> refused;
  bool renewed = !core->credential.renewable();
  for (unsigned retries = 0;;) {
    auto response = co_await attempt(*core, asked, std::exchange(refused, std::nullopt));
    if (response && response->status / 100 == 2) {
      ApiAnswer answer;
      answer.status = response->status;
      answer.body = std::move(response->body);
      if (const auto date = response->headers.get("Date")) answer.date = parse_http_date(*date);
      co_return answer;
    }
    Error error =
        response ? read_error(*response, asked.right, asked.credential.token) : std::move(response.error());
    if (response && error.kind == ErrorKind::unauthorized && !renewed) {
      renewed = true;
      refused = asked.credential;
      continue;
    }
    const auto wait = wait_before_retry(*core, asked, error, response.has_value(), retries);
    if (!wait) co_return fail(std::move(error));
    ++retries;
    co_await core->hooks.sleep(*wait);
  }
}

net::Task<Result<void>> perform_stream(CorePtr core, Asked asked) {
  auto answer = co_await perform(std::move(core), std::move(asked));
  if (!answer) co_return fail(std::move(answer.error()));
  co_return Result<void>();
}

class HttpApiClient final : public ApiClient {
 public:
  explicit HttpApiClient(CorePtr core) : core_(std::move(core)) {}

  net::Task<Result<ApiAnswer>> call(ApiRequest request) override {
    Asked asked;
    asked.method = request.method;
    asked.path = std::move(request.path);
    asked.body = std::move(request.body);
    asked.content_type = std::move(request.content_type);
    asked.body_limit = request.body_limit;
    const auto limit = request.limit.count() > 0 ? request.limit : core_->options.limit;
    asked.deadline = core_->clock.now() + steady(limit);
    return perform(core_, std::move(asked));
  }

  net::Task<Result<void>> stream(ApiStream request, net::HttpClient::OnBody on_body) override {
    Asked asked;
    asked.path = std::move(request.path);
    asked.deadline = core_->clock.now() + steady(request.limit);
    asked.silence_limit = request.silence_limit;
    asked.on_body = std::move(on_body);
    return perform_stream(core_, std::move(asked));
  }

 private:
  CorePtr core_;
};

}  // namespace

ApiHooks complete(ApiHooks hooks) {
  if (!hooks.sleep) hooks.sleep = sleep_on_timer;
  if (!hooks.random)
    hooks.random = [engine = std::minstd_rand(std::random_device()())]() mutable {
      return std::uniform_real_distribution<double>(0, 1)(engine);
    };
  return hooks;
}

std::unique_ptr<ApiClient> create_api_client(net::asio::io_context& io, ClientConfig config,
                                             const Clock& clock, const Logger& log, ApiOptions options) {
  net::ClientOptions http;
  http.user_agent = options.user_agent;
  http.trust.system_store = config.ca_pem.empty();
  http.trust.ca_pem = config.ca_pem;
  http.wording = {"the API server", config.ca_where, "the API server's URL begins with https://"};
  http.tls.server_name = config.server_name;
  http.tls.insecure_skip_verify = config.insecure_skip_verify;
  if (!config.proxy_url.empty()) {
    http.proxy.http_proxy = http.proxy.https_proxy = config.proxy_url;
    http.proxy.loopback = true;
  } else if (config.environment_proxy) {
    http.proxy = net::ProxyOptions::from_environment([](const char* name) { return std::getenv(name); });
  }
  MakeClient make = [&io, http](const ApiCredential& credential) -> std::shared_ptr<net::HttpClient> {
    auto with_certificate = http;
    with_certificate.tls.certificate_pem = credential.certificate_pem;
    with_certificate.tls.key_pem = credential.key_pem;
    return net::create_http_client(io, std::move(with_certificate));
  };
  auto first = make({{}, config.client_certificate_pem, config.client_key_pem});
  return std::make_unique<HttpApiClient>(std::make_shared<Core>(
      std::move(first), std::move(make), std::move(config), clock, log, std::move(options), ApiHooks()));
}

std::unique_ptr<ApiClient> create_api_client(net::HttpClient& http, ClientConfig config, const Clock& clock,
                                             const Logger& log, ApiOptions options, ApiHooks hooks) {
  std::shared_ptr<net::HttpClient> borrowed(&http, [](net::HttpClient*) {});
  return std::make_unique<HttpApiClient>(std::make_shared<Core>(std::move(borrowed), MakeClient(),
                                                                std::move(config), clock, log,
                                                                std::move(options), std::move(hooks)));
}

}  // namespace digester::kube
