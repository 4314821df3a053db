#include "kube/text/exec_credential.hpp"

#include <catch2/catch.hpp>

#include "json/value.hpp"

using namespace digester;
using kube::ExecCredential;
using kube::parse_exec_credential;
using kube::parse_rfc3339;

namespace {

const std::string kV1 = "client.authentication.k8s.io/v1";

std::string answer(const std::string& status, const std::string& version = kV1) {
  return R"({"kind":"ExecCredential","apiVersion":")" + version + R"(","status":)" + status + "}";
}

std::string fault(std::string output) {
  const auto parsed = parse_exec_credential(std::move(output), kV1);
  return parsed ? "accepted" : parsed.error().message;
}

std::int64_t seconds(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count() : -1;
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
  CHECK(token->expires == parse_rfc3339("2026-05-06T07:08:09Z"));
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

TEST_CASE("times by RFC 3339") {
  CHECK(seconds("1970-01-01T00:00:00Z") == 0);
  CHECK(seconds("2024-02-29T12:00:00Z") == 1709208000);
  CHECK(seconds("2024-02-29t12:00:00.999z") == 1709208000);
  CHECK(seconds("2024-02-29T14:30:00+02:30") == 1709208000);
  CHECK(seconds("2024-02-29T07:00:00-05:00") == 1709208000);
  CHECK(seconds("2016-12-31T23:59:60Z") == 1483228800);
  CHECK(*parse_rfc3339("2024-02-29T12:00:00.5Z") - *parse_rfc3339("2024-02-29T12:00:00Z") ==
        std::chrono::milliseconds(500));
  CHECK(parse_rfc3339("2024-02-29T12:00:00.123456789123456789Z"));
  for (const char* bad :
       {"", "2024", "2024-02-30T12:00:00Z", "2023-02-29T12:00:00Z", "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z",
        "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00Zx", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z",
        "+024-01-01T00:00:00Z"}) {
    INFO(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
}
