#include "registry/flight_ask.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "registry/resolver_fixture.hpp"
#include "support/run_task.hpp"

using namespace digester;
using namespace digester::registry_test;
using registry::Asked;
using registry::Asker;
using registry::make_asker;

namespace {

using Script = std::map<std::string, ErrorKind>;  // by user; who is not in it gets a digest

struct Outcome {
  std::string told;      // the error's kind, or the user who got a digest
  std::string asked;     // in order
  std::string refused;   // whose earlier answers are void
  std::string reported;  // to the provider
  bool is_refusal;
  std::string message;
};

Outcome ask(std::vector<Credential> credentials, const Script& script, bool complete = true) {
  asio::io_context io;
  FakeLookup lookup;
  FakeProvider provider;
  lookup.script = [&](const image::Reference&, const Credential& credential) -> FakeLookup::Answer {
    const auto error = script.find(credential.user);
    if (error != script.end()) return refusal(error->second, "told " + credential.user);
    return digest('a');
  };
  auto made = make_asker(std::move(credentials));
  made.complete = complete;
  const auto asker = std::make_shared<const Asker>(std::move(made));
  const auto asked = test::run_task(io, [&]() -> net::Task<std::optional<Asked>> {
    co_return co_await registry::ask_in_order(lookup, provider, reference("r.io/a:1"), asker,
                                              SteadyTime::max());
  });
  Outcome outcome;
  const auto name = [](const Credential& c) { return c.is_anonymous() ? std::string("-") : c.user; };
  for (const auto& call : lookup.calls)
    outcome.asked += name(call->credential);
  for (const auto position : asked->refused)
    outcome.refused += name(asker->credentials[position]);
  outcome.told = asked->answer ? name(asker->credentials.at(asked->worked.value()))
                               : std::string(to_string(asked->answer.error().kind));
  outcome.is_refusal = asked->is_refusal;
  outcome.reported = provider.refused_users;
  if (!asked->answer) outcome.message = asked->answer.error().message;
  return outcome;
}

constexpr auto k401 = ErrorKind::unauthorized;
constexpr auto k403 = ErrorKind::forbidden;
constexpr auto k404 = ErrorKind::not_found;
constexpr auto k429 = ErrorKind::rate_limited;
constexpr auto k503 = ErrorKind::unavailable;

}  // namespace

TEST_CASE("without credentials anonymous is asked") {
  const auto outcome = ask({}, {});
  CHECK(outcome.told == "-");
  CHECK(outcome.asked == "-");
}

TEST_CASE("every credential is tried in order until one works, anonymous last") {
  const auto kind = GENERATE(k401, k403, k404);
  CHECK(ask({user("a"), user("b")}, {}).asked == "a");
  const auto second = ask({user("a"), user("b")}, {{"a", kind}});
  CHECK(second.told == "b");
  CHECK(second.asked == "ab");
  CHECK(second.refused == "a");
  const auto last = ask({user("a"), user("b")}, {{"a", kind}, {"b", kind}});
  CHECK(last.told == "-");
  CHECK(last.asked == "ab-");
  CHECK(last.refused == "ab");
  CHECK_FALSE(last.is_refusal);
}

TEST_CASE("anonymous keeps the place that a source gave it, and nothing is asked twice") {
  CHECK(ask({Credential::anonymous(), user("a"), user("a")}, {{"", k401}}).told == "a");
  CHECK(ask({Credential::anonymous(), user("a"), user("a")}, {{"", k401}, {"a", k401}}).asked == "-a");
}

TEST_CASE("a credential without a fingerprint is not taken for anonymous") {
  auto bare = user("a");
  bare.fingerprint.clear();
  const auto asker = make_asker({bare});
  REQUIRE(asker.credentials.size() == 2);
  CHECK_FALSE(asker.credentials[0].fingerprint.empty());
  CHECK(asker.credentials[1].fingerprint.empty());
}

TEST_CASE("the number of credentials tried is bounded") {
  std::vector<Credential> many;
  for (int i = 0; i < 500; ++i)
    many.push_back(user(std::to_string(i)));
  CHECK(make_asker(many).credentials.size() == registry::kMaxCredentials + 1);
}

TEST_CASE("the provider hears which credentials were refused") {
  CHECK(
      ask({user("a"), user("b"), user("c")}, {{"a", k401}, {"b", k404}, {"c", k403}, {"", k401}}).reported ==
      "a c ");
}

TEST_CASE("of several refusals the most telling one is given") {
  struct Row {
    Script script;
    const char* told;
    const char* message;
  };
  const auto row = GENERATE(values<Row>({
      {{{"a", k401}, {"b", k404}, {"", k404}}, "unauthorized", "told a"},
      {{{"a", k404}, {"b", k403}, {"", k401}}, "forbidden", "told b"},
      {{{"a", k401}, {"b", k403}, {"", k403}}, "forbidden", "told b"},
      // Who knows the caller says "no such image", to a stranger it says "log in".
      {{{"a", k404}, {"b", k404}, {"", k401}}, "not_found", "told a"},
  }));
  const auto outcome = ask({user("a"), user("b")}, row.script);
  CHECK(outcome.told == row.told);
  CHECK(outcome.message == row.message);
  CHECK(outcome.is_refusal);
  CHECK(outcome.refused == "ab-");
}

TEST_CASE("one credential's quota does not stop the next, but then nothing is certain") {
  const auto kind = GENERATE(k429, k503);
  CHECK(ask({user("a")}, {{"a", kind}}).told == "-");
  const auto none = ask({user("a"), user("b")}, {{"a", k404}, {"b", kind}, {"", k404}});
  CHECK(none.asked == "ab-");
  CHECK(none.told == to_string(kind));
  CHECK(none.message == "told b");
  CHECK(none.refused == "a-");
  CHECK_FALSE(none.is_refusal);
}

TEST_CASE("a registry that cannot be reached is not asked again with the next credential") {
  const auto kind = GENERATE(ErrorKind::unreachable, ErrorKind::timed_out);
  const auto outcome = ask({user("a"), user("b")}, {{"a", k404}, {"b", kind}});
  CHECK(outcome.asked == "ab");
  CHECK(outcome.told == to_string(kind));
  CHECK(outcome.refused == "a");
  CHECK_FALSE(outcome.is_refusal);
}

TEST_CASE("what is wrong with the image is not asked again") {
  struct Row {
    ErrorKind kind;
    const char* refused;
    bool is_refusal;
  };
  const auto row = GENERATE(values<Row>({{ErrorKind::invalid, "ab-", true},
                                         {ErrorKind::unsupported, "ab-", false},
                                         {ErrorKind::protocol, "", false},
                                         {ErrorKind::too_large, "", false},
                                         {ErrorKind::internal, "", false},
                                         {ErrorKind::cancelled, "", false}}));
  const auto outcome = ask({user("a"), user("b")}, {{"a", row.kind}});
  CHECK(outcome.asked == "a");
  CHECK(outcome.told == to_string(row.kind));
  CHECK(outcome.refused == row.refused);
  CHECK(outcome.is_refusal == row.is_refusal);
}

TEST_CASE("a refusal proves nothing where credentials could not be read") {
  const auto outcome = ask({}, {{"", k404}}, false);
  CHECK(outcome.told == "unavailable");
  CHECK(outcome.message == "told  (asked without credentials that could not be read)");
  CHECK(outcome.refused == "-");
  CHECK_FALSE(outcome.is_refusal);
  CHECK(ask({}, {}, false).told == "-");
}
