#include "credential/credential.hpp"

#include <catch2/catch.hpp>
#include <set>

using digester::credential::Credential;
using Kind = Credential::Kind;

TEST_CASE("equal credentials have equal fingerprints, and any difference shows") {
  CHECK(Credential::make(Kind::basic, "u", "p").fingerprint ==
        Credential::make(Kind::basic, "u", "p").fingerprint);
  const std::set<std::string> distinct{Credential::make(Kind::basic, "u", "p").fingerprint,
                                       Credential::make(Kind::basic, "u", "q").fingerprint,
                                       Credential::make(Kind::basic, "v", "p").fingerprint,
                                       Credential::make(Kind::basic, "up", "").fingerprint,
                                       Credential::make(Kind::basic, "", "up").fingerprint,
                                       Credential::make(Kind::basic, "1:1:u", "p").fingerprint,
                                       Credential::make(Kind::identity_token, "u", "p").fingerprint,
                                       Credential::make(Kind::registry_token, "u", "p").fingerprint};
  CHECK(distinct.size() == 8);
}

TEST_CASE("a fingerprint says nothing of the secret") {
  const auto c = Credential::make(Kind::basic, "user", "secret");
  CHECK(c.fingerprint.size() == 32);
  CHECK(c.fingerprint.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("anonymous has no fingerprint") {
  CHECK(Credential::anonymous().fingerprint.empty());
  CHECK(Credential::make(Kind::anonymous, "", "").fingerprint.empty());
  CHECK(Credential::anonymous().is_anonymous());
  CHECK_FALSE(Credential::make(Kind::basic, "u", "p").is_anonymous());
}
