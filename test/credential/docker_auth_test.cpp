#include "credential/docker_auth.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "base/text.hpp"

using namespace digester;
using credential::Credential;
using credential::DockerAuth;
using credential::parse_docker_auth;

namespace {

// "basic user secret", "identity user token", "registry token", or "none".
std::string only_login(const std::string& entry) {
  const auto auth = parse_docker_auth("{\"auths\":{\"reg.io\":" + entry + "}}");
  REQUIRE(auth);
  REQUIRE(auth->logins.size() <= 1);
  CHECK(auth->keyring.size() == auth->logins.size());
  if (auth->logins.empty()) return "none";
  const auto& login = auth->logins.front();
  switch (login.kind) {
    case Credential::Kind::basic:
      return "basic " + login.user + " " + login.secret;
    case Credential::Kind::identity_token:
      return "identity " + login.user + " " + login.secret;
    case Credential::Kind::registry_token:
      return "registry " + login.secret;
    case Credential::Kind::anonymous:
      break;
  }
  return "anonymous";
}

std::string auth_of(const std::string& plain) {
  return R"({"auth":")" + text::base64_encode(plain) + R"("})";
}

std::string first_warning(const std::string& entry) {
  const auto auth = parse_docker_auth("{\"auths\":{\"reg.io\":" + entry + "}}");
  REQUIRE(auth);
  return auth->warnings.empty() ? "" : auth->warnings.front();
}

}  // namespace

TEST_CASE("auth is base64 with or without padding") {
  CHECK(only_login(R"({"auth":"dTpw"})") == "basic u p");
  CHECK(only_login(R"({"auth":"dXNlcjpwYXNz"})") == "basic user pass");
  CHECK(only_login(R"({"auth":"dXNlcjpwYXM="})") == "basic user pas");
  CHECK(only_login(R"({"auth":"dXNlcjpwYXM"})") == "basic user pas");
  CHECK(only_login(R"({"auth":"dXNlcjpwYQ=="})") == "basic user pa");
  CHECK(only_login(R"({"auth":"dXNlcjpwYQ"})") == "basic user pa");
  CHECK(only_login(R"({"auth":"dXNlcjpwYQ==\n"})") == "basic user pa");
}

TEST_CASE("go-containerregistry 1394: auth is split at its first colon") {
  CHECK(only_login(auth_of("user:pa:ss::")) == "basic user pa:ss::");
  CHECK(only_login(auth_of("user: ")) == "basic user  ");
}

TEST_CASE("NULs at the end of a password are padding") {
  CHECK(only_login(auth_of(std::string("user:pass\0\0", 11))) == "basic user pass");
  CHECK(only_login(auth_of(std::string("user:pa\0ss", 10))) == "none");
}

TEST_CASE("go-containerregistry 1346 and 1368: registrytoken, identitytoken, username and password, auth") {
  const std::string basic = R"("username":"u","password":"p")";
  const std::string auth = R"("auth":"dXNlcjpwYXNz")";
  CHECK(only_login("{" + auth + "," + basic + R"(,"identitytoken":"i","registrytoken":"r"})") ==
        "registry r");
  CHECK(only_login("{" + auth + "," + basic + R"(,"identitytoken":"i"})") == "identity u i");
  CHECK(only_login("{" + auth + "," + basic + "}") == "basic u p");
  CHECK(only_login("{" + auth + "}") == "basic user pass");
  CHECK(only_login("{" + auth + R"(,"identitytoken":"","registrytoken":"","username":"","password":null})") ==
        "basic user pass");
  CHECK(only_login("{" + auth + R"(,"username":"u"})") == "basic user pass");
  CHECK(only_login(R"({"identitytoken":"i"})") == "identity  i");
  // What az acr login and docker login write: an auth with an empty password beside the token.
  CHECK(only_login(R"({"auth":")" + text::base64_encode("0000:") + R"(","identitytoken":"i"})") ==
        "identity 0000 i");
}

TEST_CASE("moby 36926: the user <token> marks an identity token") {
  CHECK(only_login(R"({"username":"<token>","password":"i"})") == "identity  i");
  CHECK(only_login(auth_of("<token>:i")) == "identity  i");
}

TEST_CASE("go-containerregistry 1510: an empty entry is no login and no fault") {
  CHECK(only_login("{}") == "none");
  CHECK(only_login("null") == "none");
  CHECK(only_login(R"({"auth":""})") == "none");
  CHECK(only_login(R"({"email":"a@b.c"})") == "none");
  CHECK(first_warning("{}").empty());
  CHECK(first_warning(R"({"auth":""})").empty());
}

TEST_CASE("an entry that cannot be used is named, without its secret, and the others count") {
  const auto hidden = text::base64_encode("hidden-secret");
  const auto auth = parse_docker_auth(R"({"auths":{"bad.io":{"auth":")" + hidden +
                                      R"("},"worse.io":{"auth":"hidden-!!"},"odd.io":17,"x.io":{"username":3},
                                      "half.io":{"username":"u"},"":{"auth":"dTpw"},
                                      "https://me:hidden@key.io/":{"auth":"dTpw"},"good.io":{"auth":"dTpw"},
                                      "ctl.io":{"registrytoken":"hidden\r\nX-Evil: 1"}}})");
  REQUIRE(auth);
  CHECK(auth->logins.size() == 1);
  CHECK(auth->warnings.size() == 8);
  for (const auto& warning : auth->warnings) {
    INFO(warning);
    CHECK(warning.find("hidden") == std::string::npos);
    CHECK(warning.find(hidden) == std::string::npos);
    CHECK(warning.find('\n') == std::string::npos);
  }
  CHECK_THAT(auth->warnings[0], Catch::Contains("\"bad.io\"") && Catch::Contains("base64"));
}

TEST_CASE("warnings are bounded") {
  std::string text = "{\"auths\":{";
  for (int i = 0; i < 1000; ++i)
    text += (i ? ",\"" : "\"") + std::to_string(i) + ".io\":1";
  CHECK(parse_docker_auth(text + "}}")->warnings.size() == DockerAuth::kMaxWarnings);
}

TEST_CASE("of a key that occurs twice the last counts") {
  const auto auth = parse_docker_auth(R"({"auths":{"reg.io":{"auth":"dTpw"},"reg.io":{"auth":"dTpx"}}})");
  REQUIRE(auth->logins.size() == 1);
  CHECK(auth->logins[0].secret == "q");
}

TEST_CASE("credential helpers are recognised") {
  CHECK(parse_docker_auth(R"({"credsStore":"desktop"})")->names_helpers);
  CHECK(parse_docker_auth(R"({"credHelpers":{"gcr.io":"gcloud"}})")->names_helpers);
  CHECK_FALSE(parse_docker_auth(R"({"credsStore":"","credHelpers":{}})")->names_helpers);
  CHECK_FALSE(parse_docker_auth(R"({"auths":{}})")->names_helpers);
}

TEST_CASE("files of other shapes") {
  CHECK(parse_docker_auth("{}")->logins.empty());
  CHECK(parse_docker_auth(R"({"auths":null})")->warnings.empty());
  CHECK(parse_docker_auth(R"({"auths":[1]})")->warnings.size() == 1);
  CHECK(parse_docker_auth(R"({"auths":{"a.io":{"auth":"dTpw"}},"HttpHeaders":{},"proxies":[]})")
            ->logins.size() == 1);
  for (const std::string bad :
       {"", "[]", "null", "\"x\"", "{", "{\"auths\":{\"reg.io\":{\"auth\":\"hidden", "hidden"}) {
    const auto auth = parse_docker_auth(bad);
    REQUIRE_FALSE(auth);
    CHECK(auth.error().kind == ErrorKind::invalid);
    CHECK(auth.error().message.find("hidden") == std::string::npos);
  }
  CHECK_FALSE(parse_docker_auth(std::string(1'000'000, '[')));
}

TEST_CASE("the older flat form is read from the same function") {
  json::Document document;
  const auto root = document.parse(R"({"https://reg.io/v1/":{"auth":"dTpw","email":"x"}})");
  DockerAuth auth;
  credential::read_auths(*root, auth);
  REQUIRE(auth.logins.size() == 1);
  CHECK(auth.keyring.match(*image::Reference::parse("reg.io/x")).size() == 1);
}

TEST_CASE("tens of thousands of entries are read in time") {
  std::string text = "{\"auths\":{";
  for (int i = 0; i < 50'000; ++i)
    text += (i ? ",\"" : "\"") + std::to_string(i) + ".io\":{\"auth\":\"dTpw\"}";
  const auto auth = parse_docker_auth(text + "}}");
  REQUIRE(auth);
  CHECK(auth->logins.size() == 50'000);
  CHECK(auth->keyring.match(*image::Reference::parse("49999.io/x")) == std::vector<std::size_t>{49'999});
}
