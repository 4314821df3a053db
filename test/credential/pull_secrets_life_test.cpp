// How long what was read counts, and who waits for a read.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "credential/pull_secret_cache.hpp"
#include "pull_secrets_fixture.hpp"

using namespace digester;
using namespace std::chrono_literals;
using test::Context;
using test::Credential;
using test::secret;
using test::Users;
using test::users;
using Fixture = test::PullSecretsFixture;

TEST_CASE_METHOD(Fixture, "what was read lives 30 seconds") {
  put_secret("a", "s", secret("reg.io", "old"));
  auto source = make();
  const Context context{"a", "", {"s"}};
  CHECK(fetched(source, context) == Users{"old"});
  put_secret("a", "s", secret("reg.io", "new"));
  clock.advance(29s);
  CHECK(users(*source.ready(app, context)) == Users{"old"});
  CHECK(fetched(source, context) == Users{"old"});
  clock.advance(1s);
  CHECK_FALSE(source.ready(app, context));
  CHECK(fetched(source, context) == Users{"new"});
  CHECK(api->asked.size() == 2);
}

TEST_CASE_METHOD(Fixture, "a refused credential's secret is read anew, but not again and again") {
  put_secret("a", "s", secret("reg.io", "old"));
  put_secret("a", "t", secret("reg.io/team/app", "kept"));
  auto source = make();
  const Context context{"a", "", {"s", "t"}};
  auto found = fetch(source, context);
  REQUIRE(found->size() == 2);
  const auto old = found->at(1);
  REQUIRE(old.user == "old");
  put_secret("a", "s", secret("reg.io", "new"));
  source.refused(old);  // it has only just been read
  CHECK(source.ready(app, context));
  clock.advance(5s);
  CHECK_FALSE(source.ready(app, context));
  CHECK(fetched(source, context) == Users{"kept", "new"});
  CHECK(api->asked.size() == 3);  // the other one was not read anew
  source.refused(old);            // no longer anybody's
  source.refused(Credential::anonymous());
  clock.advance(10s);
  CHECK(source.ready(app, context));
  source.refused(source.ready(app, context)->at(1));
  CHECK_FALSE(source.ready(app, context));
}

TEST_CASE_METHOD(
    Fixture,
    "what a ServiceAccount lists is found soon after a refusal, and so is a login added to a secret") {
  put_account("a", "default", {});
  auto source = make();
  const Context context{"a", "", {}};
  CHECK(fetched(source, context).empty());
  source.unsatisfied(context);
  CHECK(source.ready(app, context));  // it has only just been read
  put_account("a", "default", {"s"});
  put_secret("a", "s", secret("other.io", "u"));
  clock.advance(5s);
  CHECK_FALSE(source.ready(app, context));
  CHECK(fetched(source, context).empty());
  put_secret("a", "s", secret("reg.io", "u"));
  source.unsatisfied(context);
  clock.advance(5s);
  CHECK(fetched(source, context) == Users{"u"});
  clock.advance(29s);  // without a refusal it lives as long as ever
  CHECK(source.ready(app, context));
  source.unsatisfied({"b", "", {}});
  CHECK(source.ready(app, context));
}

TEST_CASE_METHOD(Fixture, "concurrent fetches read each object once") {
  put_secret("a", "s", secret("reg.io", "u"));
  auto source = make();
  const Context context{"a", "", {"s"}};
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    auto body = [&]() -> net::Task<void> {
      auto found = co_await source.fetch(app, context);
      if (users(found.value()) == Users{"u"}) ++done;
    };
    net::asio::co_spawn(io, std::move(body), [](std::exception_ptr) {});
  }
  io.run();
  CHECK(done == 10);
  CHECK(api->asked.size() == 1);
}

TEST_CASE_METHOD(Fixture, "who gives up does not end the read for the others") {
  put_secret("a", "s", secret("reg.io", "u"));
  auto source = make();
  const Context context{"a", "", {"s"}};
  api->held = true;
  net::asio::cancellation_signal give_up;
  bool gave_up = false;
  Users got;
  auto first = [&]() -> net::Task<void> { (void)co_await source.fetch(app, context); };
  net::asio::co_spawn(io, std::move(first),
                      net::asio::bind_cancellation_slot(give_up.slot(), [&](std::exception_ptr error) {
                        gave_up = error != nullptr;
                        api->held = false;
                      }));
  auto second = [&]() -> net::Task<void> {
    auto found = co_await source.fetch(app, context);
    got = users(found.value());
  };
  net::asio::co_spawn(io, std::move(second), [](std::exception_ptr) {});
  net::asio::post(
      io, [&] { net::asio::post(io, [&] { give_up.emit(net::asio::cancellation_type::terminal); }); });
  io.run();
  CHECK(gave_up);
  CHECK(got == Users{"u"});
  CHECK(api->asked.size() == 1);
}

TEST_CASE_METHOD(Fixture, "while the API does not answer, what was read last is used, for a while") {
  put_secret("a", "s", secret("reg.io", "u"));
  const std::string path = "/api/v1/namespaces/a/secrets/s";
  auto source = make();
  const Context context{"a", "", {"s"}};
  CHECK(fetched(source, context) == Users{"u"});
  api->answers.insert_or_assign(path, fail(ErrorKind::unreachable, "no connection"));
  clock.advance(40s);
  CHECK(fetched(source, context) == Users{"u"});
  CHECK(source.ready(app, context));
  CHECK(count("what was read last is used") == 1);
  clock.advance(5min);
  CHECK(fetched(source, context) == Users{"error: no connection"});
  CHECK_FALSE(source.ready(app, context));
  // Another secret that is there is used all the same.
  put_secret("a", "t", secret("reg.io", "t"));
  CHECK(fetched(source, {"a", "", {"s", "t"}}) == Users{"t"});
  put_secret("a", "s", secret("reg.io", "u"));
  CHECK(fetched(source, context) == Users{"u"});
}

TEST_CASE_METHOD(Fixture, "a read that throws answers its waiters") {
  api->throws = true;
  auto source = make();
  CHECK(fetched(source, {"a", "", {"s"}}) == Users{"error: reading a pull secret broke off"});
  api->throws = false;
  put_secret("a", "s", secret("reg.io", "u"));
  CHECK(fetched(source, {"a", "", {"s"}}) == Users{"u"});
}

TEST_CASE_METHOD(Fixture, "a Pod that names very many secrets has the first 64 read") {
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i)
    names.push_back("s" + std::to_string(i));
  auto source = make();
  CHECK(fetched(source, {"a", "", names}).empty());
  CHECK(api->asked.size() == 64);
  CHECK(count("more than 64 pull secrets") == 1);
  CHECK(log.lines().size() <= 65);
}

TEST_CASE("the cache is bounded in entries and bytes, and the oldest go first") {
  using credential::PullContent;
  credential::PullSecretCache cache(3, 1000);
  const auto content = [](std::size_t bytes) {
    auto made = std::make_shared<PullContent>();
    made->bytes = bytes;
    return made;
  };
  const SteadyTime now{};
  for (const char* key : {"1", "2", "3", "4"})
    cache.put(key, content(9), now, 30s);
  CHECK(cache.size() == 3);
  CHECK(cache.bytes() == 30);
  CHECK_FALSE(cache.fresh("1", now));
  CHECK(cache.fresh("4", now));
  cache.put("5", content(980), now, 30s);
  CHECK(cache.bytes() <= 1000);
  CHECK(cache.fresh("5", now));
  cache.put("6", content(1000), now, 30s);  // too heavy to be kept at all
  CHECK_FALSE(cache.fresh("6", now));
  cache.put("5", content(1), now, 30s);
  CHECK_FALSE(cache.fresh("5", now + 30s));
  CHECK(cache.not_older_than("5", now + 30s, 31s));
  CHECK_FALSE(cache.not_older_than("5", now + 31s, 31s));
}

TEST_CASE_METHOD(Fixture, "ready() answers other threads while secrets are read") {
  for (const char* ns : {"a", "b"})
    put_secret(ns, "s", secret("reg.io", std::string("of-") + ns));
  auto source = make();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (const std::string ns : {"a", "b"})
    threads.emplace_back([&, ns] {
      while (!stop) {
        const auto found = source.ready(app, {ns, "", {"s"}});
        if (found && users(*found) != Users{"of-" + ns}) ++wrong;
      }
    });
  for (int i = 0; i < 200; ++i) {
    CHECK(fetched(source, {"a", "", {"s"}}) == Users{"of-a"});
    CHECK(fetched(source, {"b", "", {"s"}}) == Users{"of-b"});
    clock.advance(20s);
  }
  stop = true;
  for (auto& thread : threads)
    thread.join();
  CHECK(wrong == 0);
}
