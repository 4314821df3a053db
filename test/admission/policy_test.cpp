#include "admission/policy.hpp"

#include <catch2/catch.hpp>

namespace digester::admission {
namespace {

TEST_CASE("policy values are read as they are written") {
  for (const auto value : {OnError::refuse, OnError::admit_controlled, OnError::admit})
    CHECK(parse_on_error(to_string(value)) == value);
  for (const auto value : {OnReapply::keep, OnReapply::resolve})
    CHECK(parse_on_reapply(to_string(value)) == value);
  CHECK_FALSE(parse_on_error("Refuse"));
  CHECK_FALSE(parse_on_error(""));
  CHECK_FALSE(parse_on_reapply("keep "));
  CHECK_FALSE(parse_on_reapply("both"));
}

TEST_CASE("the defaults refuse, resolve anew and spare the operators that compare Pods") {
  const Policy policy;
  CHECK(policy.on_error == OnError::refuse);
  CHECK(policy.on_reapply == OnReapply::resolve);
  CHECK(policy.skip_owners == std::vector<Owner>{{"postgresql.cnpg.io", "Cluster"},
                                                 {"acid.zalan.do", "postgresql"},
                                                 {"operators.coreos.com", "CatalogSource"}});
  CHECK_FALSE(policy.digest_only);
  CHECK_FALSE(policy.dry_run);
  CHECK(validate(policy));
}

TEST_CASE("owners are group and kind") {
  CHECK(parse_owner("postgresql.cnpg.io/Cluster") == Owner{"postgresql.cnpg.io", "Cluster"});
  CHECK(parse_owner("ReplicationController") == Owner{"", "ReplicationController"});
  for (const auto* text : {"", "/", "/Kind", "group/", "group/v1/Kind", "a/B,c/D", " a/B", "a/B\t"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_owner(text));
  }
  CHECK(parse_owner("group/").error().message ==
        "owner \"group/\" is not group/Kind, such as postgresql.cnpg.io/Cluster");
}

TEST_CASE("keep and digest-only together are a start-up error, and so is a prefix that skips everything") {
  Policy policy;
  policy.digest_only = true;
  CHECK(validate(policy));
  policy.on_reapply = OnReapply::keep;
  REQUIRE_FALSE(validate(policy));
  CHECK(validate(policy).error().kind == ErrorKind::invalid);
  CHECK(validate(policy).error().message.find("--on-reapply=keep and --digest-only") != std::string::npos);
  policy.digest_only = false;
  CHECK(validate(policy));
  policy.skip_prefixes = {"gcr.io/", " "};
  CHECK_FALSE(validate(policy));
}

}  // namespace
}  // namespace digester::admission
