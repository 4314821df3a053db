#include "registry/protocol/token_question.hpp"

#include <catch2/catch.hpp>

using namespace digester::registry::protocol;
using Scopes = std::vector<std::string>;

TEST_CASE("GGCR 1312: the scope that is needed comes first, what the challenge adds after it") {
  CHECK(pull_scopes("a/b", "") == Scopes{"repository:a/b:pull"});
  CHECK(pull_scopes("a/b", "repository:base:pull repository:a/b:pull") ==
        Scopes{"repository:a/b:pull", "repository:base:pull"});
  CHECK(pull_scopes("a/b", "aws") == Scopes{"repository:a/b:pull", "aws"});
}

TEST_CASE("only pull is asked for") {
  CHECK(pull_scopes("a", "repository:a:pull,push") == Scopes{"repository:a:pull"});
  CHECK(pull_scopes("a", "repository:b:push") == Scopes{"repository:a:pull"});
  CHECK(pull_scopes("a", "repository(plugin):b:push,pull") ==
        Scopes{"repository:a:pull", "repository(plugin):b:pull"});
  CHECK(pull_scopes("a", "registry:catalog:* *") == Scopes{"repository:a:pull"});
}

TEST_CASE("a challenge cannot make us ask for any number of scopes") {
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "repository:r" + std::to_string(i) + ":pull ";
  CHECK(pull_scopes("a", many).size() == 5);
  CHECK(pull_scopes("a", "repository:" + std::string(2000, 'x') + ":pull").size() == 1);
}

TEST_CASE("GGCR 758: the realm's own query is kept") {
  CHECK(token_target("/token", "reg", {"repository:a/b:pull"}) ==
        "/token?service=reg&scope=repository%3Aa%2Fb%3Apull");
  CHECK(token_target("/token?account=x&y", "reg", {"s"}) == "/token?account=x&y&service=reg&scope=s");
  CHECK(token_target("/token?", "reg", {"s"}) == "/token?service=reg&scope=s");
}

TEST_CASE("service is left out when absent, and every scope is a parameter of its own") {
  CHECK(token_target("/t", "", {"s1", "s2"}) == "/t?scope=s1&scope=s2");
}

TEST_CASE("what a challenge says cannot add parameters of its own") {
  CHECK(token_target("/t", "a&scope=b c", {}) == "/t?service=a%26scope%3Db%20c");
}

TEST_CASE("the form of an identity token") {
  CHECK(refresh_form("r&t", "reg", {"s1", "s2"}) ==
        "grant_type=refresh_token&refresh_token=r%26t&service=reg&scope=s1%20s2&client_id=digester");
  CHECK(refresh_form("r", "", {"s"}) ==
        "grant_type=refresh_token&refresh_token=r&scope=s&client_id=digester");
}
