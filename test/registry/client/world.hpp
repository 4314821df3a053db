// A look-up whose network, time and chance are the test's, and the answers that registries usually give.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/text.hpp"
#include "net/crypto.hpp"
#include "registry/registry_lookup.hpp"
#include "support/capture_log.hpp"
#include "support/fake_http_client.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

namespace digester::registry_test {

using namespace std::chrono_literals;
using credential::Credential;
using test::Fields;
using test::response;

inline constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kImageType = "application/vnd.oci.image.manifest.v1+json";
inline const std::string kImageBody = R"({"schemaVersion":2,"config":{"digest":"sha256:c"},"layers":[]})";

inline const std::string kRegistry = "https://registry.example.com";
inline const std::string kManifest = kRegistry + "/v2/app/manifests/1";
inline const std::string kAuth = "https://auth.example.com/token";

inline std::string sha256(char digit) {
  return "sha256:" + std::string(64, digit);
}
inline std::string sha256_of(const std::string& body) {
  return "sha256:" + net::sha256_hex(body);
}

inline Credential basic(const std::string& user = "user", const std::string& secret = "s3cret-password") {
  return Credential::make(Credential::Kind::basic, user, secret);
}
inline Credential identity(const std::string& secret = "refresh-token", const std::string& user = "") {
  return Credential::make(Credential::Kind::identity_token, user, secret);
}

inline net::Response found(const std::string& digest, const char* type = kIndexType) {
  return response(200, {{"Content-Type", type}, {"Docker-Content-Digest", digest}});
}
inline net::Response body(const std::string& text, const char* type = kImageType) {
  return response(200, {{"Content-Type", type}}, text);
}
inline net::Response unauthorized(const std::string& challenge) {
  return response(401, {{"WWW-Authenticate", challenge}});
}
inline net::Response bearer(const std::string& realm = kAuth,
                            const std::string& service = "registry.example.com",
                            const std::string& scope = "repository:app:pull") {
  return unauthorized("Bearer realm=\"" + realm + "\",service=\"" + service + "\",scope=\"" + scope + "\"");
}
inline net::Response token(const std::string& value, const std::string& more = "") {
  return response(200, {{"Content-Type", "application/json"}}, R"({"token":")" + value + "\"" + more + "}");
}
inline net::Response moved(const std::string& location, unsigned status = 307) {
  return response(status, {{"Location", location}});
}
inline std::string authorization(const net::Request& request) {
  return std::string(request.headers.get("Authorization").value_or(""));
}

// co_spawn wants results that exist by default; those of look-ups do not.
template <typename T>
net::Task<void> store(net::Task<Result<T>> task, std::optional<Result<T>>* slot) {
  auto result = co_await std::move(task);
  slot->emplace(std::move(result));
}

template <typename T>
Result<T> run(net::asio::io_context& io, net::Task<Result<T>> task) {
  std::optional<Result<T>> result;
  test::run_task(io, [&] { return store(std::move(task), &result); });
  return std::move(*result);
}

using Answers = std::vector<std::optional<Result<image::Digest>>>;

struct World {
  explicit World(registry::RegistrySettings settings = {}) : http(clock) {
    registry::LookupHooks hooks;
    hooks.random = [this] { return chance; };
    hooks.sleep = [this](Duration duration) { return sleep(duration); };
    lookup =
        registry::create_lookup(http, clock, std::move(settings), metrics, log.logger(), std::move(hooks));
  }

  net::Task<Result<image::Digest>> start(const std::string& image, const Credential& credential,
                                         Duration limit) {
    return lookup->find(image::Reference::parse(image).value(), credential, clock.now() + limit);
  }
  Result<image::Digest> find(const std::string& image, const Credential& credential = Credential::anonymous(),
                             Duration limit = 10s) {
    return run(io, start(image, credential, limit));
  }

  // All at once; the answers in order.
  std::vector<Result<image::Digest>> find_all(const std::vector<std::string>& images,
                                              const Credential& credential = Credential::anonymous()) {
    Answers answers(images.size());
    start_all(images, credential, answers);
    io.restart();
    io.run();
    std::vector<Result<image::Digest>> all;
    for (auto& answer : answers)
      all.push_back(std::move(answer.value()));
    return all;
  }
  // Without running them; `answers` outlives them.
  void start_all(const std::vector<std::string>& images, const Credential& credential, Answers& answers) {
    for (std::size_t i = 0; i < images.size(); ++i) {
      auto task = store(start(images[i], credential, 10s), &answers[i]);
      net::asio::co_spawn(io, std::move(task), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
    }
  }

  // An authenticated registry: HEAD of app:1 answers only to this token.
  void serve_with_token(const std::string& value, const std::string& digest) {
    http.on("HEAD " + kManifest, [=](const net::Request& request) {
      return Result<net::Response>(authorization(request) == "Bearer " + value ? found(digest) : bearer());
    });
  }

  const net::Request& request(std::size_t number) const { return http.requests.at(number); }

  test::ManualClock clock;
  test::CaptureLog log;
  Metrics metrics;
  net::asio::io_context io;
  test::FakeHttpClient http;
  std::vector<Duration> sleeps;
  double chance = 0.0;
  std::unique_ptr<registry::RegistryLookup> lookup;

 private:
  net::Task<> sleep(Duration duration) {
    sleeps.push_back(duration);
    clock.advance(duration);
    co_return;
  }
};

}  // namespace digester::registry_test
