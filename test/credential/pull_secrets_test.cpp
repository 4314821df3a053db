#include "credential/pull_secrets.hpp"

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <ctime>
#include <map>

#include "pull_secrets_fixture.hpp"

using namespace digester;
using namespace std::chrono_literals;
using test::Context;
using test::PullSecretMode;
using test::secret;
using test::Users;
using test::users;
using Fixture = test::PullSecretsFixture;

TEST_CASE_METHOD(Fixture, "a Pod's own pull secrets, all matches, the more specific key first") {
  put_secret("a", "one", secret("reg.io", "host"));
  put_secret("a", "two", secret("reg.io/team", "team"));
  put_secret("a", "three", secret("*.io", "glob"));
  put_secret("a", "other", secret("other.io", "other"));
  auto source = make();
  const Context context{"a", "", {"one", "two", "other", "three"}};
  CHECK_FALSE(source.ready(app, context));
  CHECK(fetched(source, context) == Users{"team", "host", "glob"});
  CHECK(api->most_in_flight == 4);  // all at once
  CHECK(api->asked.size() == 4);    // and not the ServiceAccount
  REQUIRE(source.ready(app, context));
  CHECK(users(*source.ready(app, context)) == Users{"team", "host", "glob"});
  CHECK(source.ready(*image::Reference::parse("other.io/x"), context)->size() == 2);
  CHECK(log.lines().empty());
}

TEST_CASE_METHOD(Fixture, "secrets with equal keys keep the order of the Pod, equal credentials come once") {
  put_secret("a", "one", secret("reg.io", "first"));
  put_secret("a", "two", secret("reg.io", "second"));
  put_secret("a", "three", secret("reg.io", "first"));
  auto source = make();
  CHECK(fetched(source, {"a", "", {"two", "one", "three", "two"}}) == Users{"second", "first"});
}

TEST_CASE_METHOD(Fixture, "the ServiceAccount's secrets count only where the Pod lists none") {
  put_secret("a", "own", secret("reg.io", "own"));
  put_secret("a", "sa", secret("reg.io", "sa"));
  put_secret("a", "built", secret("reg.io", "built"));
  put_account("a", "default", {"sa"});
  put_account("a", "builder", {"built", "own"});
  auto source = make();
  CHECK(fetched(source, {"a", "", {}}) == Users{"sa"});
  CHECK(fetched(source, {"a", "default", {}}) == Users{"sa"});
  CHECK(fetched(source, {"a", "builder", {}}) == Users{"built", "own"});
  CHECK(fetched(source, {"a", "builder", {"own"}}) == Users{"own"});
  CHECK(fetched(source, {"a", "builder", {""}}).empty());  // an entry without a name is an entry
  CHECK(source.ready(app, {"a", "builder", {}}));

  auto both = make({.mode = PullSecretMode::both});
  CHECK(fetched(both, {"a", "builder", {"own"}}) == Users{"own", "built"});
  CHECK(fetched(both, {"a", "", {}}) == Users{"sa"});
}

TEST_CASE_METHOD(Fixture, "a tenant never gets another tenant's secret") {
  for (const char* ns : {"a", "b"}) {
    put_secret(ns, "regcred", secret("reg.io", std::string("of-") + ns));
    put_account(ns, "default", {"regcred"});
  }
  auto source = make();
  // Interleaved: both under way at once, over one name.
  std::map<std::string, Users> got;
  for (int round = 0; round < 3; ++round) {
    got.clear();
    for (const char* ns : {"a", "b", "c", "a", "b"}) {
      const Context context{ns, "", {"regcred"}};
      const auto ready = source.ready(app, context);
      if (ready) CHECK(users(*ready) == (std::string(ns) == "c" ? Users{} : Users{std::string("of-") + ns}));
      auto body = [&, context]() -> net::Task<void> {
        auto found = co_await source.fetch(app, context);
        got[context.namespace_name] = users(found.value());
      };
      net::asio::co_spawn(io, std::move(body), [](std::exception_ptr) {});
      auto by_account = [&, ns]() -> net::Task<void> {
        const Context mine{ns, "", {}};
        auto found = co_await source.fetch(app, mine);
        got[std::string(ns) + " by account"] = users(found.value());
      };
      net::asio::co_spawn(io, std::move(by_account), [](std::exception_ptr) {});
    }
    io.restart();
    io.run();
    CHECK(got["a"] == Users{"of-a"});
    CHECK(got["b"] == Users{"of-b"});
    CHECK(got["c"].empty());
    CHECK(got["a by account"] == Users{"of-a"});
    CHECK(got["b by account"] == Users{"of-b"});
    CHECK(got["c by account"].empty());
    clock.advance(round == 0 ? 1s : 31s);
  }
}

TEST_CASE_METHOD(Fixture, "names that are none never become part of a path") {
  auto source = make({.mode = PullSecretMode::both});
  for (const char* bad : {"../../b/secrets/regcred", "a/b", "..", "A", "a?x", "a%2fb", ""}) {
    CHECK(fetched(source, {bad, "default", {"regcred"}}).empty());
    CHECK(fetched(source, {"a", bad[0] != '\0' ? bad : "..", {bad}}).empty());
  }
  CHECK(api->asked.empty());
  CHECK(source.ready(app, Context{})->empty());  // the command line
}

TEST_CASE_METHOD(Fixture, "go-containerregistry 1472: what is not there is a warning, once, and no end") {
  put_secret("a", "here", secret("reg.io", "here"));
  auto source = make();
  const Context context{"a", "", {"gone", "here"}};
  for (int i = 0; i < 3; ++i) {
    CHECK(fetched(source, context) == Users{"here"});
    clock.advance(6s);  // beyond the life of what is not there
    CHECK_FALSE(source.ready(app, context));
  }
  CHECK(count("not there") == 1);
  CHECK(count(R"("name":"gone")") == 1);
  CHECK(fetched(source, {"a", "missing", {}}).empty());
  // It is found soon after it was made.
  put_secret("a", "gone", secret("reg.io/team", "new"));
  CHECK(fetched(source, context) == Users{"new", "here"});
}

TEST_CASE_METHOD(Fixture, "a secret of another type, or that cannot be read, is a warning, once") {
  put_secret("a", "opaque", R"({"kind":"Secret","type":"Opaque","data":{"k":"dg=="}})");
  put_secret(
      "a", "broken",
      R"({"kind":"Secret","type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"c2VjcmV0"}})");
  put_secret("a", "here", secret("reg.io", "here"));
  auto source = make();
  const Context context{"a", "", {"opaque", "broken", "here"}};
  for (int i = 0; i < 3; ++i) {
    CHECK(fetched(source, context) == Users{"here"});
    clock.advance(31s);
  }
  CHECK(log.lines().size() == 2);
  CHECK(count("Opaque") == 1);
  CHECK(log.text().find("secret\"") == std::string::npos);
  clock.advance(10min);
  CHECK(fetched(source, context) == Users{"here"});
  CHECK(log.lines().size() == 4);
}

TEST_CASE_METHOD(Fixture, "what was known stays for a while when the API refuses: it may have just started") {
  put_secret("a", "s", secret("reg.io", "u"));
  auto source = make();
  const Context context{"a", "", {"s"}};
  CHECK(fetched(source, context) == Users{"u"});
  api->answers.insert_or_assign("/api/v1/namespaces/a/secrets/s", fail(ErrorKind::forbidden, "refused"));
  clock.advance(30s);
  CHECK(fetched(source, context) == Users{"u"});
  CHECK(source.ready(app, context));
  clock.advance(5s);
  CHECK_FALSE(source.ready(app, context));  // asked again soon
  clock.advance(5min);
  CHECK(fetched(source, context).empty());
}

TEST_CASE_METHOD(Fixture, "without the right to read, one line says which is missing, and all goes on") {
  for (const char* path : {"secrets/one", "secrets/two", "serviceaccounts/default"})
    api->answers.insert_or_assign(std::string("/api/v1/namespaces/a/") + path,
                                  fail(ErrorKind::forbidden, "the API server refused"));
  auto source = make({.mode = PullSecretMode::both});
  const Context context{"a", "", {"one", "two"}};
  for (int i = 0; i < 4; ++i) {
    CHECK(fetched(source, context).empty());
    CHECK(source.ready(app, context)->empty());
    clock.advance(31s);
  }
  REQUIRE(log.lines().size() == 2);
  CHECK(count(R"("verb":"get","resource":"secrets","namespace":"a")") == 1);
  CHECK(count(R"("verb":"get","resource":"serviceaccounts","namespace":"a")") == 1);
  clock.advance(10min);
  CHECK(fetched(source, context).empty());
  CHECK(log.lines().size() == 4);
  // Many namespaces do not fill the log.
  log.clear();
  for (int i = 0; i < 100; ++i) {
    const auto ns = "n" + std::to_string(i);
    api->answers.insert_or_assign("/api/v1/namespaces/" + ns + "/secrets/one",
                                  fail(ErrorKind::forbidden, "refused"));
    CHECK(fetched(source, {ns, "..", {"one"}}).empty());
  }
  CHECK(log.lines().size() <= 16);
}

TEST_CASE_METHOD(Fixture, "a secret of a mebibyte costs its readers' images no more than a small one") {
  std::string auths;
  const std::string key = GENERATE(as<std::string>(), "reg.io/?N", "reg.io/team?N", "*.io/#N", "*N*.io",
                                   "x*N.io", "[reg].io:N", "reg.io/team/app/N", "N.io");
  int entries = 0;
  for (; auths.size() < 960'000; ++entries) {
    auto one = key;
    one.replace(one.find('N'), 1, std::to_string(entries));
    auths += (entries ? ",\"" : "\"") + one + R"(":{"username":"u)" + std::to_string(entries) +
             R"(","password":"p"})";
  }
  REQUIRE(entries > 10'000);
  put_secret("a", "huge",
             R"({"kind":"Secret","type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":")" +
                 text::base64_encode(R"({"auths":{)" + auths + "}}") + R"("}})");
  put_secret("a", "own", secret("reg.io/team", "own"));
  auto source = make();
  const Context context{"a", "", {"own", "huge"}};
  const auto found = fetched(source, context);
  CHECK(found.size() <= credential::kMaxTried);
  CHECK(std::count(found.begin(), found.end(), "own") == 1);
  // Whichever bound comes first.
  CHECK(count("it has more than 1024 logins; the rest is left out") +
            count("there are too many different hosts with patterns") >
        0);

  // The whole of it is some 20,000 times this; copies of all that matches would take minutes of processor
  // time.
  credential::Holdings holdings;
  const auto started = std::clock();
  for (int review = 0; review < 1000; ++review) {
    REQUIRE(source.gather(context, holdings));
    for (int image = 0; image < 100; ++image)
      REQUIRE(holdings.match(app).size() == found.size());
    holdings.clear();
  }
  CHECK(std::clock() - started < 10 * CLOCKS_PER_SEC);
}

TEST_CASE_METHOD(Fixture,
                 "one tenant's secret of the same name is not another's, though both are gathered in turn") {
  put_secret("a", "s", secret("reg.io", "of-a"));
  put_secret("b", "s", secret("reg.io", "of-b"));
  auto source = make();
  const Context a{"a", "", {"s"}};
  const Context b{"b", "", {"s"}};
  CHECK(fetched(source, a) == Users{"of-a"});
  CHECK(fetched(source, b) == Users{"of-b"});
  credential::Holdings holdings;
  for (int round = 0; round < 2; ++round)
    for (const auto* context : {&a, &b}) {
      REQUIRE(source.gather(*context, holdings));
      const auto match = holdings.match(app);
      REQUIRE(match.size() == 1);
      CHECK(match.front()->user == "of-" + context->namespace_name);
      holdings.clear();
    }
}

TEST_CASE_METHOD(Fixture, "a secret that changes while a review holds it changes for the next review") {
  put_secret("a", "s", secret("reg.io", "old"));
  auto source = make();
  const Context context{"a", "", {"s"}};
  CHECK(fetched(source, context) == Users{"old"});
  credential::Holdings holdings;
  REQUIRE(source.gather(context, holdings));
  put_secret("a", "s", secret("reg.io", "new"));
  clock.advance(30s);
  CHECK(fetched(source, context) == Users{"new"});
  CHECK(holdings.match(app).front()->user == "old");
  holdings.clear();
  REQUIRE(source.gather(context, holdings));
  CHECK(holdings.match(app).front()->user == "new");
}
