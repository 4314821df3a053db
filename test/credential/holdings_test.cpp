#include "credential/holdings.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace digester;
using credential::Credential;
using credential::Holdings;
using credential::kMaxTried;
using credential::LoginSet;

namespace {

using Users = std::vector<std::string>;

// {key, user}, … as a config has them.
std::shared_ptr<const LoginSet> logins(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string text;
  for (const auto& [key, user] : entries)
    text += (text.empty() ? "\"" : ",\"") + key + R"(":{"username":")" + user + R"(","password":"p"})";
  return std::make_shared<const LoginSet>(
      credential::parse_docker_auth(R"({"auths":{)" + text + "}}").value());
}

Users match(Holdings& holdings, const std::string& image) {
  Users users;
  for (const auto* credential : holdings.match(*image::Reference::parse(image)))
    users.push_back(credential->user);
  return users;
}

}  // namespace

TEST_CASE("each image of an object gets what matches it, whatever was asked before") {
  Holdings holdings;
  holdings.add(
      logins({{"reg.io", "host"}, {"reg.io/team", "team"}, {"other.io:5000", "port"}, {"*.io", "any"}}));
  for (int round = 0; round < 2; ++round) {
    CHECK(match(holdings, "reg.io/team/app") == Users{"team", "host", "any"});
    CHECK(match(holdings, "reg.io/other/app") == Users{"host", "any"});
    CHECK(match(holdings, "other.io:5000/app") == Users{"port"});
    CHECK(match(holdings, "other.io/app") == Users{"any"});
    CHECK(match(holdings, "reg.example.com/team/app").empty());
    CHECK(match(holdings, "REG.io/team/app") == Users{"team", "host", "any"});
  }
}

TEST_CASE("sets of a ring match as one keyring, the next ring comes after it") {
  Holdings holdings;
  holdings.next_ring();
  holdings.add(logins({{"reg.io", "a"}}));
  holdings.add(logins({{"reg.io/team", "b"}, {"reg.io", "c"}, {"*.io", "d"}}));
  holdings.next_ring();
  holdings.next_ring();
  holdings.add(logins({{"reg.io/team/app", "e"}, {"reg.io", "a"}}));
  holdings.next_ring();
  CHECK(match(holdings, "reg.io/team/app") == Users{"b", "a", "c", "d", "e"});
  CHECK(match(holdings, "reg.io/app") == Users{"a", "c", "d"});
}

TEST_CASE("what was gathered for one context is gone when the next one is") {
  Holdings holdings;
  holdings.add(logins({{"reg.io", "one"}}));
  CHECK(match(holdings, "reg.io/app") == Users{"one"});
  holdings.clear();
  CHECK(match(holdings, "reg.io/app").empty());
  holdings.add(logins({{"reg.io", "two"}}));
  CHECK(match(holdings, "reg.io/app") == Users{"two"});
  holdings.add(logins({{"reg.io/app", "three"}}));
  CHECK(match(holdings, "reg.io/app") == Users{"three", "two"});
}

TEST_CASE("a set stays as it is while it is held") {
  Holdings holdings;
  auto set = logins({{"reg.io", "old"}});
  const std::weak_ptr<const LoginSet> watched = set;
  holdings.add(std::move(set));
  CHECK(match(holdings, "reg.io/app") == Users{"old"});
  holdings.clear();
  CHECK(watched.expired());
}

TEST_CASE("logins for all images come in their order, with fingerprints, anonymous not among them") {
  const auto user = [](const char* name) { return Credential::make(Credential::Kind::basic, name, "p"); };
  const Credential bare{Credential::Kind::basic, "bare", "p", {}};
  Holdings holdings;
  holdings.add(std::make_shared<const LoginSet>(
      std::vector{user("b"), Credential::anonymous(), bare, user("b"), user("a")}));
  CHECK(match(holdings, "nginx") == Users{"b", "bare", "a"});
  for (const auto* credential : holdings.match(*image::Reference::parse("nginx")))
    CHECK(credential->fingerprint.size() == 32);
}

TEST_CASE("no more are given than can be tried, and they are the first ones") {
  std::vector<std::pair<std::string, std::string>> entries;
  Users expected;
  for (int i = 0; i < 100; ++i) {
    entries.emplace_back("reg.io/" + std::string(static_cast<std::size_t>(100 - i), 'a'), std::to_string(i));
    if (expected.size() < kMaxTried) expected.push_back(std::to_string(i));
  }
  const auto image = "reg.io/" + std::string(200, 'a');
  Holdings one;
  one.add(logins(entries));
  CHECK(match(one, image) == expected);

  SECTION("in several sets") {
    Holdings many;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
      many.add(logins({*entry}));
    CHECK(match(many, image) == expected);
  }
  SECTION("under several patterns") {
    std::vector<std::pair<std::string, std::string>> patterns;
    for (const auto* host :
         {"r?g.io", "re?.io", "?eg.io", "*eg.io", "r*g.io", "re*.io", "*.io", "*.i?", "reg.*"})
      for (const auto& [key, user] : entries)
        patterns.emplace_back(host + key.substr(6), host + user);
    Holdings holdings;
    holdings.add(logins(patterns));
    holdings.add(logins(entries));
    CHECK(match(holdings, image) == expected);  // a name's keys sort before those of patterns
  }
}

TEST_CASE("one login under many keys does not keep the others out") {
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 500; ++i)
    entries.emplace_back("reg.io/#" + std::to_string(i), "same");
  entries.emplace_back("reg.io/team", "team");
  entries.emplace_back("reg.io", "other");
  const auto set = logins(entries);
  CHECK(set->credentials().size() == 3);
  Holdings holdings;
  holdings.add(set);
  CHECK(match(holdings, "reg.io/team/app") == Users{"team", "same", "other"});
}
