// Who we say we are to the Kubernetes API: tokens that come from a file or a plugin, and change.
#include <catch2/catch.hpp>

#include "kube/fixture.hpp"
#include "support/temporary_directory.hpp"

using namespace digester;
using namespace digester::test;

namespace {

const std::string kPath = "/api/v1/namespaces/x/secrets/y";
const std::string kGet = "GET " + kApi + kPath;

std::optional<std::string_view> authorization(const net::Request& request) {
  return request.headers.get("Authorization");
}

class Source final : public kube::CredentialSource {
 public:
  net::Task<Result<kube::ApiCredential>> credential(bool refused) override {
    asked.push_back(refused);
    if (problem) co_return fail(*problem);
    if (refused) ++number;
    co_return kube::ApiCredential{"token-" + std::to_string(number), {}, {}};
  }
  std::vector<bool> asked;
  std::optional<Error> problem;
  int number = 1;
};

}  // namespace

TEST_CASE("a token file is read again after half a minute, and at once when its token was refused") {
  const TemporaryDirectory directory;
  auto config = api_config();
  config.token_file = directory.write("token", "one\n");
  config.token = "never this one";
  FakeApi api(config);
  api.http.on(kGet, [](const net::Request& request) -> FakeHttpClient::Outcome {
    if (authorization(request) == "Bearer old") return response(401, {}, status_body(401, "Unauthorized"));
    return response(200);
  });
  const auto last = [&] { return std::string(authorization(api.http.requests.back()).value_or("")); };
  CHECK(api.get(kPath));
  CHECK(last() == "Bearer one");
  directory.write("token", "two");
  CHECK(api.get(kPath));
  CHECK(last() == "Bearer one");
  api.clock.advance(31s);
  CHECK(api.get(kPath));
  CHECK(last() == "Bearer two");

  directory.write("token", "old");
  api.clock.advance(31s);
  CHECK(api.get(kPath).error().kind == ErrorKind::unauthorized);
  CHECK(api.http.requests.size() == 5);  // twice, and no more
  directory.write("token", "fresh one line\nand another");
  CHECK(api.get(kPath).error().kind == ErrorKind::unauthorized);
  CHECK(api.log.text().find("stays in use") != std::string::npos);
  directory.write("token", "fresh");
  CHECK(api.get(kPath));
  CHECK(last() == "Bearer fresh");

  std::filesystem::remove(directory / "token");
  api.clock.advance(31s);
  CHECK(api.get(kPath));
  CHECK(last() == "Bearer fresh");
}

TEST_CASE("without a token in its file nothing is sent") {
  const TemporaryDirectory directory;
  auto config = api_config();
  config.token_file = directory / "token";
  FakeApi api(config);
  api.http.on(kGet, response(200));
  CHECK(api.get(kPath).error().kind == ErrorKind::unauthorized);
  CHECK(api.get(kPath).error().message.find("there is no token in") != std::string::npos);
  CHECK(api.http.requests.empty());
  directory.write("token", "now");
  CHECK(api.get(kPath));
}

TEST_CASE("a source is asked before each request, and for a new token after a 401") {
  auto source = std::make_shared<Source>();
  auto config = api_config();
  config.token.clear();
  config.credential_source = source;
  FakeApi api(config);
  api.http.on(kGet, [](const net::Request& request) -> FakeHttpClient::Outcome {
    return response(authorization(request) == "Bearer token-2" ? 200 : 401);
  });
  CHECK(api.get(kPath));
  CHECK(source->asked == std::vector{false, true});
  CHECK(api.get(kPath));
  CHECK(source->asked == std::vector{false, true, false});
  source->problem = Error{ErrorKind::timed_out, "the plugin took too long"};
  CHECK(api.get(kPath).error().message == "the plugin took too long");
}

TEST_CASE("a client without a token, or with one that never changes, asks once") {
  auto config = api_config();
  config.token.clear();
  FakeApi api(config);
  api.http.on(kGet, response(401));
  CHECK(api.get(kPath).error().kind == ErrorKind::unauthorized);
  CHECK_FALSE(authorization(api.http.requests.at(0)));
  CHECK(api.http.requests.size() == 1);
}
