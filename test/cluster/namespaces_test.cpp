// What is known of namespaces while the API comes and goes.
#include "cluster/namespaces.hpp"

#include <catch2/catch.hpp>

#include "cluster/api_secret_reader.hpp"
#include "support/capture_log.hpp"
#include "support/run_task.hpp"

using namespace digester;
using namespace std::chrono_literals;

namespace {

// Lists are answered, watches break off at once; `away`: nothing is answered.
class FakeApi final : public kube::ApiClient {
 public:
  net::Task<Result<kube::ApiAnswer>> call(kube::ApiRequest request) override {
    limit = request.limit;
    if (away) co_return fail(ErrorKind::unreachable, "nobody listens");
    kube::ApiAnswer answer;
    answer.status = 200;
    answer.body = request.path.find("limit=") == std::string::npos ? one : list;
    co_return answer;
  }
  net::Task<Result<void>> stream(kube::ApiStream, net::HttpClient::OnBody) override {
    co_return fail(ErrorKind::unreachable, "nobody listens");
  }

  bool away = false;
  Duration limit{0};
  std::string list = R"({"metadata":{"resourceVersion":"1"},"items":[
    {"metadata":{"name":"on","labels":{"digest-resolution":"enabled"}}},{"metadata":{"name":"off"}}]})";
  std::string one = R"({"metadata":{"name":"off"}})";
};

struct Fixture {
  net::asio::io_context io;
  FakeApi api;
  SystemClock clock;
  test::CaptureLog log;
  cluster::WatchedNamespaces namespaces{
      io,
      api,
      clock,
      log.logger(),
      {kube::LabelSelector::parse("digest-resolution=enabled").value(), {}, {}}};

  Fixture() {
    namespaces.start();
    io.poll();
  }
  webhook::NamespaceState confirm(const std::string& name) {
    namespaces.stop();
    return test::run_task(io, [&] { return namespaces.confirm(name, clock.now() + 5s); });
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a watch that fails makes nothing selected that was not: that is left to a live read") {
  api.away = true;
  CHECK(namespaces.look("on")->selected);
  REQUIRE(namespaces.look("off"));
  CHECK_FALSE(namespaces.look("off")->selected);
  CHECK_FALSE(namespaces.look("unknown"));
}

TEST_CASE("a ServiceAccount, then its secrets, can be read in vain while a look-up waits for credentials") {
  net::asio::io_context io;
  FakeApi api;
  cluster::ApiSecretReader reader(api);
  REQUIRE(test::run_task(io, [&] { return reader.get("/api/v1/namespaces/a/secrets/s"); }));
  CHECK(api.limit > 0s);
  CHECK(2 * api.limit < 3s);  // registry::ResolverSettings::credentials_bound
}

TEST_CASE_METHOD(Fixture, "a live read decides what memory cannot") {
  CHECK_FALSE(confirm("off").selected);
  api.one = R"({"metadata":{"name":"off","labels":{"digest-resolution":"enabled"}}})";
  CHECK(confirm("off").selected);
}

TEST_CASE_METHOD(Fixture,
                 "with the API out of reach the caller is trusted, which the log says once in a while") {
  api.away = true;
  CHECK(confirm("off").selected);
  CHECK(confirm("off").selected);
  std::size_t said = 0;
  for (const auto& line : log.lines())
    if (line.find("namespaces cannot be read") != std::string::npos) ++said;
  CHECK(said == 1);
}
