// What is known of namespaces while the API comes and goes.
#include "cluster/namespaces.hpp"

#include <boost/asio/co_spawn.hpp>
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
    const bool of_list = request.path.find("limit=") != std::string::npos;
    if (!of_list) ++reads;
    if (slow) {
      const auto executor = co_await net::asio::this_coro::executor;
      net::Timer timer(executor, 50ms);
      co_await timer.async_wait(net::use_task);
    }
    if (away) co_return fail(ErrorKind::unreachable, "nobody listens");
    kube::ApiAnswer answer;
    answer.status = 200;
    answer.body = of_list ? list : one;
    co_return answer;
  }
  net::Task<Result<void>> stream(kube::ApiStream, net::HttpClient::OnBody) override {
    co_return fail(ErrorKind::unreachable, "nobody listens");
  }

  bool away = false;
  bool slow = false;
  std::size_t reads = 0;  // of one namespace
  Duration limit{0};
  std::string list = R"({"metadata":{"resourceVersion":"1"},"items":[
    {"metadata":{"name":"on","labels":{"digest-resolution":"enabled"}}},{"metadata":{"name":"off"}}]})";
  std::string one = R"({"metadata":{"name":"off"}})";
};

cluster::NamespaceOptions options(Duration remember) {
  cluster::NamespaceOptions made;
  made.selector = kube::LabelSelector::parse("digest-resolution=enabled").value();
  made.remember = remember;
  return made;
}

struct Fixture {
  net::asio::io_context io;
  FakeApi api;
  SystemClock clock;
  test::CaptureLog log;
  cluster::WatchedNamespaces namespaces;

  explicit Fixture(Duration remember = 0s) : namespaces(io, api, clock, log.logger(), options(remember)) {
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

TEST_CASE_METHOD(Fixture, "an answer that is another object decides nothing") {
  for (const auto* body : {R"({"kind":"Status"})", "[]", R"({"metadata":{"name":"other"}})"}) {
    api.one = body;
    CHECK(confirm("off").selected);
  }
}

TEST_CASE("however many ask for one namespace at a time, the API is asked once, with whatever outcome") {
  const bool away = GENERATE(false, true);
  Fixture f;
  f.namespaces.stop();
  f.api.slow = true;
  f.api.away = away;
  std::size_t selected = 0;
  std::size_t answered = 0;
  for (int i = 0; i < 20; ++i)
    net::asio::co_spawn(f.io, f.namespaces.confirm("off", f.clock.now() + 5s),
                        [&](std::exception_ptr, webhook::NamespaceState state) {
                          ++answered;
                          if (state.selected) ++selected;
                        });
  f.io.restart();
  while (answered < 20)
    f.io.run_one();
  CHECK(f.api.reads == 1);
  CHECK(selected == (away ? 20 : 0));
}

TEST_CASE("what a live read brought is remembered for a moment, and for its namespace alone") {
  Fixture f(1h);
  CHECK_FALSE(f.confirm("off").selected);
  f.api.one = R"({"metadata":{"name":"other","labels":{"digest-resolution":"enabled"}}})";
  CHECK_FALSE(f.confirm("off").selected);
  CHECK(f.api.reads == 1);
  CHECK(f.confirm("other").selected);
  CHECK(f.api.reads == 2);
  CHECK(cluster::NamespaceOptions().remember <= 1s);
}

TEST_CASE("a loop that ends with live reads under way, one waiting for the other, frees everything") {
  Fixture f;
  f.namespaces.stop();
  f.api.slow = true;
  for (int i = 0; i < 3; ++i)
    net::asio::co_spawn(f.io, f.namespaces.confirm("off", f.clock.now() + 5s),
                        [](std::exception_ptr, webhook::NamespaceState) {});
  f.io.restart();
  f.io.poll();
  CHECK(f.api.reads == 1);
}
