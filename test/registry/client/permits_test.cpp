// Who is served when a host is full.
#include <catch2/catch.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <map>

#include "registry/client/permits.hpp"
#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

using registry::Permits;
using Names = std::vector<std::string>;

// Exchanges that last until they are ended by name.
struct Desk {
  explicit Desk(std::size_t limit) : permits(limit) {}

  void ask(const std::string& tenant, const std::string& repository, const std::string& name) {
    auto task = run(*this, tenant, repository, name);
    net::asio::co_spawn(io, std::move(task),
                        net::asio::bind_cancellation_slot(signals[name].slot(), [](std::exception_ptr) {}));
    pump();
  }
  void ask_many(const std::string& tenant, const std::string& repository, int count) {
    for (int i = 0; i < count; ++i)
      ask(tenant, repository, tenant + "/" + repository + std::to_string(i));
  }
  void end(const std::string& name) {
    held.erase(name);
    pump();
  }
  void cut(const std::string& name) {
    signals[name].emit(net::asio::cancellation_type::terminal);
    pump();
  }
  void end_all() {
    while (!held.empty())
      end(held.begin()->first);
  }
  void pump() {
    io.restart();
    io.poll();
  }
  std::size_t holds(const std::string& prefix) const {
    return static_cast<std::size_t>(std::count_if(
        held.begin(), held.end(), [&](const auto& one) { return one.first.starts_with(prefix); }));
  }

  static net::Task<void> run(Desk& desk, std::string tenant, std::string repository, std::string name) {
    Permits::Party party{std::move(tenant), std::move(repository)};
    auto permit = co_await desk.permits.acquire("host", std::move(party), 10s);
    if (!permit) co_return;
    desk.served.push_back(name);
    desk.held.emplace(name, std::move(*permit));
  }

  net::asio::io_context io;
  Permits permits;
  std::map<std::string, Permits::Permit> held;
  std::map<std::string, net::asio::cancellation_signal> signals;
  Names served;
};

}  // namespace

TEST_CASE("a permit that is waited for too long is an error, and the queue stays whole") {
  net::asio::io_context io;
  Permits permits(1);
  const Permits::Party party{"tenant", "app"};
  auto first = run(io, permits.acquire("host", party, 1s));
  REQUIRE(first);
  const auto second = run(io, permits.acquire("host", party, 5ms));
  CHECK(second.error().kind == ErrorKind::timed_out);
  { const auto released = std::move(*first); }
  CHECK(permits.hosts() == 0);
  CHECK(run(io, permits.acquire("host", party, 5ms)));
  CHECK(permits.hosts() == 0);
}

TEST_CASE("alone, a repository has all permits of a host, and no more, in the order of arrival") {
  Desk desk(4);
  desk.ask_many("a", "x", 6);
  CHECK(desk.holds("a/x") == 4);
  desk.end("a/x2");
  CHECK(desk.served.back() == "a/x4");
  desk.end("a/x4");
  CHECK(desk.served.back() == "a/x5");
  desk.end_all();
  CHECK(desk.permits.hosts() == 0);
}

TEST_CASE("a tenant whose exchanges hang does not hold up another one") {
  Desk desk(4);
  SECTION("with one repository") {
    desk.ask_many("evil", "x", 50);
  }
  SECTION("with fifty") {
    for (int i = 0; i < 50; ++i)
      desk.ask_many("evil", std::to_string(i), 1);
  }
  const auto hanging = desk.holds("evil");
  desk.ask_many("good", "app", 5);
  CHECK(desk.holds("good") == 2);
  desk.end("good/app0");
  desk.end("good/app1");
  desk.end("good/app2");
  CHECK(desk.holds("good") == 2);
  CHECK(desk.holds("evil") == hanging);
  desk.end_all();
  CHECK(desk.served.size() == 55);
  CHECK(desk.permits.hosts() == 0);
}

TEST_CASE("a repository that hangs does not hold up others of the same tenant") {
  Desk desk(4);
  desk.ask_many("a", "hangs", 50);
  CHECK(desk.holds("a/hangs") == 4);
  desk.ask_many("a", "app", 5);
  CHECK(desk.holds("a/app") == 2);
  desk.end("a/app0");
  CHECK(desk.holds("a/app") == 2);
  desk.end_all();
  CHECK(desk.permits.hosts() == 0);
}

TEST_CASE("however many ask, a host is asked by a bounded number at a time") {
  Desk desk(4);
  for (int tenant = 0; tenant < 10; ++tenant)
    for (int repository = 0; repository < 10; ++repository)
      desk.ask_many(std::to_string(tenant), std::to_string(repository), 3);
  CHECK(desk.held.size() <= 8);
  desk.end_all();
  CHECK(desk.served.size() == 300);
  CHECK(desk.permits.hosts() == 0);
}

TEST_CASE("permits that come free go round: tenants, then their repositories, then the order of arrival") {
  Desk desk(1);
  desk.ask("z", "z", "first");
  for (const auto* name : {"a/x/1", "a/x/2", "a/y/1", "b/x/1", "b/x/2"})
    desk.ask(std::string(name, 1), std::string(name + 2, 1), name);
  desk.end("first");
  for (int i = 0; i < 5; ++i)
    desk.end_all();
  CHECK(desk.served == Names{"first", "a/x/1", "b/x/1", "a/y/1", "b/x/2", "a/x/2"});
}

TEST_CASE("who leaves the queue, or is cut short with a permit in hand, keeps nobody waiting") {
  Desk desk(1);
  desk.ask("a", "x", "first");
  desk.ask("a", "x", "second");
  desk.ask("b", "x", "third");
  desk.ask("a", "y", "fourth");
  desk.cut("second");
  desk.cut("third");
  desk.end("first");
  CHECK(desk.served == Names{"first", "fourth"});
  desk.end("fourth");
  CHECK(desk.permits.hosts() == 0);
  {
    desk.ask("a", "x", "fifth");
    desk.ask("a", "x", "sixth");
    desk.held.erase("fifth");  // granted to the sixth, which has not run yet
    desk.cut("sixth");
  }
  desk.end_all();
  CHECK(desk.permits.hosts() == 0);
}
