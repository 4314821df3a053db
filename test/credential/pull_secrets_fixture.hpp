// The API as a test wants it, and pull secrets out of it.
#pragma once

#include <boost/asio/post.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "credential/pull_secrets.hpp"
#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

namespace digester::test {

using credential::Context;
using credential::Credential;
using credential::PullSecretMode;
using credential::PullSecrets;

// The API: what a test put in, and who asked for it.
class FakeReader final : public credential::SecretReader {
 public:
  net::Task<Result<std::string>> get(std::string path) override {
    const auto executor = co_await net::asio::this_coro::executor;
    asked.push_back(path);
    most_in_flight = std::max(most_in_flight, ++in_flight);
    co_await net::asio::post(executor, net::use_task);
    while (held) {
      net::Timer timer(executor, std::chrono::milliseconds(1));
      co_await timer.async_wait(net::use_task);
    }
    --in_flight;
    if (throws) throw std::runtime_error("boom");
    const auto found = answers.find(path);
    if (found == answers.end()) co_return fail(ErrorKind::not_found, "not found");
    co_return found->second;
  }

  std::map<std::string, Result<std::string>> answers;
  std::vector<std::string> asked;
  std::size_t in_flight = 0;
  std::size_t most_in_flight = 0;
  bool held = false;
  bool throws = false;
};

inline std::string secret(const std::string& key, const std::string& user) {
  const auto config = R"({"auths":{")" + key + R"(":{"username":")" + user + R"(","password":"p"}}})";
  return R"({"kind":"Secret","type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":")" +
         text::base64_encode(config) + R"("}})";
}

inline std::string account(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names)
    list += (list.empty() ? "" : ",") + (R"({"name":")" + name + R"("})");
  return R"({"kind":"ServiceAccount","imagePullSecrets":[)" + list + "]}";
}

using Users = std::vector<std::string>;

inline Users users(const std::vector<Credential>& credentials) {
  Users out;
  for (const auto& c : credentials)
    out.push_back(c.user);
  return out;
}

struct PullSecretsFixture {
  ManualClock clock;
  CaptureLog log;
  std::shared_ptr<FakeReader> api = std::make_shared<FakeReader>();
  net::asio::io_context io;
  image::Reference app = *image::Reference::parse("reg.io/team/app:1");

  void put_secret(const std::string& ns, const std::string& name, const std::string& body) {
    api->answers.insert_or_assign("/api/v1/namespaces/" + ns + "/secrets/" + name, body);
  }
  void put_account(const std::string& ns, const std::string& name, const std::vector<std::string>& names) {
    api->answers.insert_or_assign("/api/v1/namespaces/" + ns + "/serviceaccounts/" + name, account(names));
  }
  PullSecrets make(credential::PullSecretOptions options = {}) { return {api, options, clock, log.logger()}; }

  Result<std::vector<Credential>> fetch(PullSecrets& source, const Context& context) {
    return run_task(io, [&] { return source.fetch(app, context); });
  }
  Users fetched(PullSecrets& source, const Context& context) {
    const auto found = fetch(source, context);
    return found ? users(*found) : Users{"error: " + found.error().message};
  }
  std::size_t count(const std::string& text) const {
    std::size_t lines = 0;
    for (const auto& line : log.lines())
      if (line.find(text) != std::string::npos) ++lines;
    return lines;
  }
};

}  // namespace digester::test
