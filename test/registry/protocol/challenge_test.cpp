#include "registry/protocol/challenge.hpp"

#include <catch2/catch.hpp>
#include <string>

using digester::registry::protocol::Challenge;
using digester::registry::protocol::choose_demand;
using digester::registry::protocol::Demand;
using digester::registry::protocol::parse_challenges;

namespace {

std::vector<Challenge> parse(std::vector<std::string_view> lines) {
  return parse_challenges(lines);
}

Demand demand(std::vector<std::string_view> lines) {
  return choose_demand(parse(std::move(lines)));
}

}  // namespace

TEST_CASE("a Bearer challenge with escapes and an unquoted value") {
  const auto all = parse(
      {R"(Bearer realm="https://auth.example.com/token",service="registry.example.com",other=fun,slashed="he\"\l\lo")"});
  REQUIRE(all.size() == 1);
  CHECK(all[0].scheme == "bearer");
  CHECK(all[0].find("realm") == "https://auth.example.com/token");
  CHECK(all[0].find("service") == "registry.example.com");
  CHECK(all[0].find("other") == "fun");
  CHECK(all[0].find("slashed") == "he\"llo");
  CHECK(all[0].find("absent") == std::nullopt);
}

TEST_CASE("schemes and keys are read case-insensitively") {
  const auto all = parse({"BEARER Realm=\"https://a/t\", SERVICE=s", "bAsIc REALM=x"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].scheme == "bearer");
  CHECK(all[0].find("realm") == "https://a/t");
  CHECK(all[0].find("service") == "s");
  CHECK(all[1].scheme == "basic");
  CHECK(all[1].find("realm") == "x");
}

TEST_CASE("GGCR 1075: several challenges in one line and in several lines, Negotiate among them") {
  const auto one = parse({R"(Negotiate, NTLM, Basic realm="a, b", Bearer realm="https://a/t",service="s")"});
  REQUIRE(one.size() == 4);
  CHECK(one[0].scheme == "negotiate");
  CHECK(one[1].scheme == "ntlm");
  CHECK(one[2].find("realm") == "a, b");
  CHECK(one[3].find("service") == "s");

  const auto several =
      demand({"Negotiate", "Basic realm=x", R"(Bearer realm="https://a/t",scope="repository:a:pull")"});
  CHECK(several.kind == Demand::Kind::bearer);
  CHECK(several.realm == "https://a/t");
  CHECK(several.scope == "repository:a:pull");
}

TEST_CASE("a token68 belongs to its scheme and hides nothing behind it") {
  const auto all = parse({R"(Negotiate oRswGaADCgEAoxIEEA==, Bearer realm="https://a/t")"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].token68 == "oRswGaADCgEAoxIEEA==");
  CHECK(all[1].find("realm") == "https://a/t");
}

TEST_CASE("schemes without a comma between them are told apart") {
  const auto all = parse({R"(Negotiate Basic realm="x")"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].scheme == "negotiate");
  CHECK(all[1].scheme == "basic");
  CHECK(all[1].find("realm") == "x");
}

TEST_CASE("GGCR 1360: an empty quoted value does not stop parsing, and an empty service is no service") {
  const auto all = parse({R"(Bearer service="",error="",realm="https://a/t")"});
  REQUIRE(all.size() == 1);
  CHECK(all[0].find("service") == "");
  CHECK(all[0].find("realm") == "https://a/t");
  CHECK(demand({R"(Bearer service="",realm="https://a/t")"}).service.empty());
}

TEST_CASE("an unterminated quote ends safely, without the parameter it cut") {
  const auto all = parse({R"(Bearer service="s",realm="https://a/t)"});
  REQUIRE(all.size() == 1);
  CHECK(all[0].find("service") == "s");
  CHECK(all[0].find("realm") == std::nullopt);
  CHECK(parse({"Bearer realm=\"x\\"}).at(0).find("realm") == std::nullopt);
  CHECK(parse({"Bearer realm=\""}).at(0).find("realm") == std::nullopt);
  // The next header line is read all the same.
  CHECK(demand({"Basic realm=\"x", R"(Bearer realm="https://a/t")"}).kind == Demand::Kind::bearer);
}

TEST_CASE("blanks around separators and missing commas are forgiven") {
  const auto all = parse({"  ,, Bearer   realm = \"https://a/t\"\t,\tservice =s scope=x  ,,"});
  REQUIRE(all.size() == 1);
  CHECK(all[0].find("realm") == "https://a/t");
  CHECK(all[0].find("service") == "s");
  CHECK(all[0].find("scope") == "x");
}

TEST_CASE("an unquoted realm is read up to the comma") {
  CHECK(demand({"Bearer realm=https://a/t?x=1,service=s"}).realm == "https://a/t?x=1");
}

TEST_CASE("Bearer is preferred over Basic, wherever it stands; a Bearer without realm is none") {
  CHECK(demand({"Basic realm=x, Bearer realm=\"https://a\""}).kind == Demand::Kind::bearer);
  CHECK(demand({"Bearer realm=\"https://a\", Basic realm=x"}).kind == Demand::Kind::bearer);
  CHECK(demand({"Bearer service=s, Basic realm=x"}).kind == Demand::Kind::basic);
  CHECK(demand({"Bearer realm=\"\""}).kind == Demand::Kind::none);
  CHECK(demand({"Negotiate"}).kind == Demand::Kind::none);
  CHECK(demand({}).kind == Demand::Kind::none);
}

TEST_CASE("garbage yields no challenge and ends") {
  CHECK(parse({"", " ", ",,,", "\"\"\"\"", "@@@"}).empty());
  CHECK(parse({"realm=\"https://a\""}).empty());  // a parameter without a scheme
  CHECK(parse({std::string_view("\0\xff=\0", 4)}).empty());
}

TEST_CASE("a peer that sends too much is read up to the limits") {
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "S" + std::to_string(i) + " a=b, ";
  CHECK(parse({many}).size() == 32);

  std::string parameters = "Bearer ";
  for (int i = 0; i < 1000; ++i)
    parameters += "k" + std::to_string(i) + "=v,";
  CHECK(parse({parameters}).at(0).parameters.size() == 32);

  const std::string huge = "Bearer realm=\"" + std::string(64 * 1024, 'x') + "\"";
  CHECK(parse({huge}).empty());
}
