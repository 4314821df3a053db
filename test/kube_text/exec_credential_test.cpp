#include "kube/text/exec_credential.hpp"

#include <catch2/catch.hpp>

#include "json/value.hpp"

using namespace digester;
using kube::ExecCredential;
using kube::parse_exec_credential;

namespace {

const std::string kV1 = "client.authentication.k8s.io/v1";

std::string answer(const std::string& status, const std::string& version = kV1) {
  return R"({"kind":"ExecCredential","apiVersion":")" + version + R"(","status":)" + status + "}";
}

std::string fault(std::string output) {
  const auto parsed = parse_exec_credential(std::move(output), kV1);
  return parsed ? "accepted" : parsed.error().message;
}

}  // namespace

TEST_CASE("a plugin is told the version, that nobody is there, and the cluster where asked for") {
  CHECK(
      kube::exec_request(kV1, std::nullopt) ==
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}})");
  const kube::ExecCluster cluster{"https://c:6443", "name", true, "pem\n", "http://p:1"};
  json::Document document;
  const auto root =
      document.parse(kube::exec_request("client.authentication.k8s.io/v1beta1", cluster)).value();
  CHECK(root.find("apiVersion").string_or("") == "client.authentication.k8s.io/v1beta1");
  const auto seen = root.at({"spec", "cluster"});
  CHECK(seen.find("server").string_or("") == "https://c:6443");
  CHECK(seen.find("tls-server-name").string_or("") == "name");
  CHECK(seen.find("insecure-skip-tls-verify").boolean() == true);
  CHECK(seen.find("certificate-authority-data").string_or("") == "cGVtCg==");
  CHECK(seen.find("proxy-url").string_or("") == "http://p:1");
  CHECK(seen.find("config").is_null());
}

TEST_CASE("a plugin's answer is a token, a client certificate, or both") {
  const auto token = parse_exec_credential(
      answer(R"({"token":"t0k","expirationTimestamp":"2026-05-06T07:08:09Z"})") + "\n", kV1);
  REQUIRE(token);
  CHECK(token->token == "t0k");
  CHECK(token->expires == WallTime(std::chrono::seconds(1778051289)));
  const auto both = parse_exec_credential(
      answer(
          R"({"token":"t","clientCertificateData":"CERT","clientKeyData":"KEY","expirationTimestamp":null})"),
      kV1);
  REQUIRE(both);
  CHECK(both->client_certificate_pem == "CERT");
  CHECK(both->client_key_pem == "KEY");
  CHECK_FALSE(both->expires);
  CHECK(parse_exec_credential(answer(R"({"clientCertificateData":"C","clientKeyData":"K"})"), kV1));
  CHECK(parse_exec_credential(answer(R"({"token":"t"})", "client.authentication.k8s.io/v1beta1"),
                              "client.authentication.k8s.io/v1beta1"));
}

TEST_CASE("what is no credential is refused, and nothing of it is shown") {
  CHECK(fault("").starts_with("not an ExecCredential: "));
  CHECK(fault("s3cret").find("s3cret") == std::string::npos);
  CHECK(fault("[]") == "not an ExecCredential: it is not a JSON object");
  CHECK(fault(R"({"kind":"Secret"})") == "not an ExecCredential: its kind is another");
  CHECK(fault(answer("{}", "client.authentication.k8s.io/v1alpha1")) ==
        "not an ExecCredential: its apiVersion is \"client.authentication.k8s.io/v1alpha1\", and "
        "client.authentication.k8s.io/v1 was asked for");
  CHECK(fault(answer("null")) == "not an ExecCredential: it has no status");
  CHECK(fault(answer("{}")) ==
        "not an ExecCredential: its status holds neither a token nor a client certificate");
  CHECK(fault(answer(R"({"token":7})")) == "not an ExecCredential: status.token is not a string");
  for (const char* bad : {R"({"token":"a\nX: s3cret"})", R"({"token":"a b"})", R"({"token":"é"})"})
    CHECK(fault(answer(bad)) ==
          "not an ExecCredential: status.token holds a character that no header can carry");
  CHECK(fault(answer(R"({"token":"t","clientKeyData":"s3cret"})")) ==
        "not an ExecCredential: only one of status.clientCertificateData and clientKeyData is there");
  CHECK(fault(answer(R"({"token":"t","expirationTimestamp":"tomorrow"})")) ==
        "not an ExecCredential: status.expirationTimestamp is no time by RFC 3339");
  CHECK(fault(answer(R"({"token":"t"})") + "{}").starts_with("not an ExecCredential: "));
  CHECK(fault(std::string(kube::kMaxExecAnswer + 1, ' ')) == "the plugin printed more than 1 MiB");
}

TEST_CASE("an expiry may have a fraction and an offset, and lies in years that a clock can reach") {
  const auto expires = [](const std::string& text) {
    const auto credential =
        parse_exec_credential(answer(R"({"token":"t","expirationTimestamp":")" + text + "\"}"), kV1);
    return credential ? credential->expires : std::nullopt;
  };
  CHECK(expires("2024-02-29T14:30:00.5+02:30") == WallTime(std::chrono::milliseconds(1709208000500)));
  CHECK_FALSE(expires("1969-12-31T23:59:59Z"));
  CHECK_FALSE(expires("2201-01-01T00:00:00Z"));
}
