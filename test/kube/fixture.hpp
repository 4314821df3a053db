// An API client over a scripted HTTP client, on a clock that sleeping moves.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "json/writer.hpp"
#include "kube/api_client.hpp"
#include "support/capture_log.hpp"
#include "support/fake_http_client.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

namespace digester::test {

using namespace std::chrono_literals;

inline const std::string kApi = "https://api.test:6443";

inline kube::ClientConfig api_config(const std::string& url = kApi) {
  kube::ClientConfig config;
  config.server = *net::Url::parse(url);
  config.token = "s3cret-token";
  return config;
}

// The Status object of a failure.
inline std::string status_body(unsigned code, std::string_view message, int retry_after = 0) {
  json::Writer out;
  out.begin_object().member("kind", "Status").member("apiVersion", "v1").member("status", "Failure");
  out.member("message", message).member("code", static_cast<int>(code));
  if (retry_after > 0)
    out.key("details").begin_object().member("retryAfterSeconds", retry_after).end_object();
  return out.end_object().str();
}

struct FakeApi {
  explicit FakeApi(kube::ClientConfig config = api_config(), kube::ApiOptions options = {}) {
    kube::ApiHooks hooks;
    hooks.random = [] { return 0.5; };
    hooks.sleep = [this](Duration duration) { return pass(duration); };
    client = kube::create_api_client(http, std::move(config), clock, log.logger(), std::move(options), hooks);
  }

  net::Task<> pass(Duration duration) {
    slept.push_back(duration);
    clock.advance(duration);
    co_return;
  }

  Result<kube::ApiAnswer> get(const std::string& path) {
    return run_task(io, [&] { return client->get(path); });
  }
  Result<kube::ApiAnswer> call(kube::ApiRequest request) {
    return run_task(io, [&] { return client->call(std::move(request)); });
  }

  ManualClock clock;
  CaptureLog log;
  FakeHttpClient http{clock};
  std::vector<Duration> slept;
  net::asio::io_context io{1};
  std::unique_ptr<kube::ApiClient> client;
};

}  // namespace digester::test
