#include "credential/pull_secret.hpp"

#include <catch2/catch.hpp>

#include "base/text.hpp"

using namespace digester;
using credential::parse_account_pull_secrets;
using credential::parse_pull_secret;

namespace {

std::string secret(const std::string& type, const std::string& key, const std::string& plain) {
  return R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"type":")" + type + R"(","data":{")" +
         key + R"(":")" + text::base64_encode(plain) + R"("}})";
}

std::string config_secret(const std::string& plain) {
  return secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", plain);
}

std::string fault(const std::string& object) {
  const auto parsed = parse_pull_secret(object);
  return parsed ? "accepted" : parsed.error().message;
}

std::size_t matches(const Result<credential::DockerAuth>& auth, const char* image) {
  return auth->keyring.match(*image::Reference::parse(image)).size();
}

}  // namespace

TEST_CASE("both types of pull secret hold the same logins") {
  const auto now = parse_pull_secret(config_secret(R"({"auths":{"reg.io":{"auth":"dTpw"}}})"));
  const auto old = parse_pull_secret(secret("kubernetes.io/dockercfg", ".dockercfg",
                                            R"({"reg.io":{"username":"u","password":"p","email":"e"}})"));
  for (const auto* auth : {&now, &old}) {
    REQUIRE(*auth);
    REQUIRE((*auth)->logins.size() == 1);
    CHECK((*auth)->logins[0].user == "u");
    CHECK((*auth)->logins[0].secret == "p");
    CHECK(matches(*auth, "reg.io/app") == 1);
    CHECK(matches(*auth, "other.io/app") == 0);
  }
}

TEST_CASE("go-containerregistry 1510: empty auths, and entries without a login, are no error") {
  CHECK(parse_pull_secret(config_secret(R"({"auths":{}})"))->logins.empty());
  CHECK(parse_pull_secret(config_secret(R"({"auths":{"reg.io":{}}})"))->logins.empty());
  CHECK(parse_pull_secret(config_secret("{}"))->logins.empty());
  const auto part =
      parse_pull_secret(config_secret(R"({"auths":{"reg.io":{"auth":"!"},"b.io":{"auth":"dTpw"}}})"));
  CHECK(part->logins.size() == 1);
  CHECK(part->warnings.size() == 1);
  CHECK(parse_pull_secret(config_secret(R"({"credsStore":"desktop"})"))->names_helpers);
}

TEST_CASE("another type, a missing key and what cannot be read are said, without the content") {
  CHECK(fault(secret("Opaque", ".dockerconfigjson", "{}")) ==
        "is of the type \"Opaque\", not kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg");
  CHECK(fault(R"({"kind":"Secret","data":{}})").starts_with("is of the type \"\""));
  CHECK(fault(secret("kubernetes.io/dockerconfigjson", ".dockercfg", "{}")) ==
        "has no .dockerconfigjson in its data");
  CHECK(fault(secret("kubernetes.io/dockercfg", ".dockerconfigjson", "{}")) ==
        "has no .dockercfg in its data");
  CHECK(fault(config_secret("")) == "has no .dockerconfigjson in its data");
  CHECK(fault(R"({"type":"kubernetes.io/dockerconfigjson"})") == "has no .dockerconfigjson in its data");
  CHECK(fault(R"({"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"s3c!ret"}})") ==
        "has a .dockerconfigjson that is not base64");
  CHECK(fault(config_secret("s3cret")).starts_with("has a .dockerconfigjson that cannot be read: "));
  CHECK(fault(config_secret("s3cret")).find("s3cret") == std::string::npos);
  CHECK(fault(config_secret("[]")).starts_with("has a .dockerconfigjson that cannot be read: "));
  CHECK(fault(secret("kubernetes.io/dockercfg", ".dockercfg", "[]"))
            .starts_with("has a .dockercfg that cannot be read"));
  CHECK(fault("no").starts_with("is not JSON: "));
  CHECK(fault("[]") == "is not a Secret");
  CHECK(fault(R"({"kind":"ConfigMap"})") == "is not a Secret");
}

TEST_CASE("a pull secret has a limit, inside and outside") {
  const auto padded = [](std::size_t size) {
    std::string config = R"({"auths":{}})";
    config.append(size - config.size(), ' ');
    return config_secret(config);
  };
  CHECK(parse_pull_secret(padded(credential::kMaxPullSecret)));
  CHECK(fault(padded(credential::kMaxPullSecret + 1)) == "has a .dockerconfigjson longer than 1 MiB");
  CHECK(fault(std::string(credential::kMaxSecretJson + 1, ' ')) == "is longer than 3 MiB");
}

TEST_CASE("the pull secrets of a ServiceAccount") {
  using Names = std::vector<std::string>;
  CHECK(
      parse_account_pull_secrets(
          R"({"kind":"ServiceAccount","secrets":[{"name":"t"}],"imagePullSecrets":[{"name":"b"},{},{"name":"a"},
            {"name":"b"}]})")
          .value() == Names{"b", "a"});
  CHECK(parse_account_pull_secrets(R"({"kind":"ServiceAccount"})")->empty());
  CHECK(parse_account_pull_secrets(R"({"kind":"ServiceAccount","imagePullSecrets":null})")->empty());
  CHECK(parse_account_pull_secrets(R"({"kind":"Secret"})").error().message == "is not a ServiceAccount");
  std::string many = R"({"imagePullSecrets":[{"name":"n"})";
  for (int i = 0; i < 1000; ++i)
    many += ",{\"name\":\"n" + std::to_string(i) + "\"}";
  CHECK(parse_account_pull_secrets(many + "]}")->size() == credential::kMaxPullSecretNames);
}
