#include "credential/chain.hpp"

#include <catch2/catch.hpp>

#include "support/capture_log.hpp"
#include "support/manual_clock.hpp"
#include "support/run_task.hpp"

using namespace digester;
using credential::Chain;
using credential::Context;
using credential::Credential;
using credential::Provider;

namespace {

Credential user(const std::string& name) {
  return Credential::make(Credential::Kind::basic, name, "secret");
}

struct Script {
  std::vector<Credential> answer;
  bool is_ready = true;
  std::optional<Error> error = std::nullopt;
  int fetched = 0;
  std::vector<std::string> refused = {};
  std::vector<std::string> unsatisfied = {};
};

class Scripted final : public Provider {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  std::string_view name() const override { return "scripted"; }
  bool gather(const Context&, credential::Holdings& into) const override {
    if (script_.is_ready) into.add(std::make_shared<const credential::LoginSet>(script_.answer));
    return script_.is_ready;
  }
  net::Task<Result<std::vector<Credential>>> fetch(const image::Reference&, const Context&) override {
    ++script_.fetched;
    if (script_.error) co_return fail(*script_.error);
    co_return script_.answer;
  }
  void refused(const Credential& credential) override { script_.refused.push_back(credential.user); }
  void unsatisfied(const Context& context) override { script_.unsatisfied.push_back(context.namespace_name); }

 private:
  Script& script_;
};

struct Fixture {
  test::ManualClock clock;
  test::CaptureLog log;
  net::asio::io_context io;
  image::Reference reference = *image::Reference::parse("reg.io/app");
  Context context;

  Chain make(std::initializer_list<Script*> scripts) {
    std::vector<std::unique_ptr<Provider>> sources;
    for (auto* script : scripts)
      sources.push_back(std::make_unique<Scripted>(*script));
    return Chain(std::move(sources), clock, log.logger());
  }
  void fail_to_fetch(Chain& chain) {
    const auto found = test::run_task(io, [&] { return chain.fetch(reference, context); });
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == ErrorKind::unavailable);
  }
  std::vector<std::string> fetch(Chain& chain) {
    const auto found = test::run_task(io, [&] { return chain.fetch(reference, context); });
    std::vector<std::string> users;
    for (const auto& credential : found.value())
      users.push_back(credential.user);
    return users;
  }
};

using Users = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(Fixture, "every source's answers are kept in order, equal ones once") {
  Script a{{user("a"), user("b")}};
  Script b{{user("b"), Credential::anonymous(), user("c"), user("a")}};
  auto chain = make({&a, &b});
  CHECK(fetch(chain) == Users{"a", "b", "c"});
  const auto ready = chain.ready(reference, context);
  REQUIRE(ready);
  CHECK(ready->size() == 3);
}

TEST_CASE_METHOD(Fixture,
                 "one source that must be fetched makes the whole not ready, and only it is fetched") {
  Script a{{user("a")}};
  Script b{{user("b")}, false};
  auto chain = make({&a, &b});
  CHECK_FALSE(chain.ready(reference, context));
  CHECK(fetch(chain) == Users{"a", "b"});
  CHECK(a.fetched == 0);
  CHECK(b.fetched == 1);
}

TEST_CASE_METHOD(Fixture, "a failing source is a warning, and the others count") {
  Script broken{{}, false, Error{ErrorKind::unavailable, "gcloud is not logged in"}};
  Script works{{user("a")}};
  auto chain = make({&broken, &works});
  CHECK(fetch(chain) == Users{"a"});
  REQUIRE(log.lines().size() == 1);
  CHECK_THAT(log.text(), Catch::Contains("\"warn\"") && Catch::Contains("gcloud is not logged in") &&
                             Catch::Contains("scripted") && !Catch::Contains("secret"));
}

TEST_CASE_METHOD(Fixture, "that there are none is not said while a source fails") {
  Script broken{{}, false, Error{ErrorKind::unavailable, "the API is away"}};
  Script empty{{}};
  auto chain = make({&broken, &empty});
  fail_to_fetch(chain);
  broken.error.reset();
  CHECK(fetch(chain).empty());
}

TEST_CASE_METHOD(Fixture, "the same failure is logged once a minute, another one at once") {
  Script broken{{}, false, Error{ErrorKind::unavailable, "first"}};
  auto chain = make({&broken});
  for (int i = 0; i < 10; ++i)
    fail_to_fetch(chain);
  CHECK(log.lines().size() == 1);
  broken.error->message = "second";
  fail_to_fetch(chain);
  CHECK(log.lines().size() == 2);
  clock.advance(Chain::kRepeatWarning);
  fail_to_fetch(chain);
  CHECK(log.lines().size() == 3);
}

TEST_CASE_METHOD(Fixture, "a refused credential is told to every source") {
  Script a;
  Script b;
  auto chain = make({&a, &b});
  chain.refused(user("x"));
  CHECK(a.refused == Users{"x"});
  CHECK(b.refused == Users{"x"});
}

TEST_CASE_METHOD(Fixture, "every source is told of a context whose credentials are of no use") {
  Script a;
  Script b;
  make({&a, &b}).unsatisfied({"tenant", "", {}});
  CHECK(a.unsatisfied == Users{"tenant"});
  CHECK(b.unsatisfied == Users{"tenant"});
}

TEST_CASE_METHOD(Fixture, "without sources there are no credentials") {
  auto chain = make({});
  CHECK(fetch(chain).empty());
  CHECK(chain.ready(reference, context)->empty());
}
