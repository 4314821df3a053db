#include "cluster/certificate_store.hpp"

#include <catch2/catch.hpp>

#include "kube/fixture.hpp"

using namespace digester;
using namespace digester::test;

namespace {

const std::string kSecret = kApi + "/api/v1/namespaces/digester-system/secrets/certificates";
const std::string kBody = R"({"metadata":{"resourceVersion":"7"},"data":{"tls.crt":"cGVt","tls.key":"%"}})";

struct Fixture {
  FakeApi api;
  cluster::CertificateStore store{
      api.io, *api.client, api.clock, api.log.logger(), {"digester-system", "certificates", "configuration"}};

  Result<certificate::SecretSnapshot> read() {
    return run_task(api.io, [this] { return store.read_secret(); });
  }
};

}  // namespace

TEST_CASE("a Secret comes with its version and the time of the API server that read it") {
  Fixture f;
  f.api.http.on("GET " + kSecret, response(200, {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}, kBody));
  const auto snapshot = f.read();
  REQUIRE(snapshot);
  CHECK(snapshot->resource_version == "7");
  CHECK(snapshot->data.tls_crt == "pem");
  CHECK(snapshot->data.tls_key == "not base64");
  CHECK(snapshot->server_time == WallTime(784111777s));
}

TEST_CASE("without a Date the time of the API server is not known") {
  Fixture f;
  f.api.http.on("GET " + kSecret, response(200, {}, kBody));
  const auto snapshot = f.read();
  REQUIRE(snapshot);
  CHECK_FALSE(snapshot->server_time);
}

TEST_CASE("a write tests the version, takes out what is empty, and brings the time as well") {
  Fixture f;
  f.api.http.on("PATCH " + kSecret, response(200, {{"Date", "Sun, 06 Nov 1994 08:49:38 GMT"}}, kBody));
  const auto written = run_task(f.api.io, [&f] {
    certificate::SecretData data;
    data.tls_crt = "pem";
    return f.store.write_secret(std::move(data), "6");
  });
  REQUIRE(written);
  CHECK(written->server_time == WallTime(784111778s));
  const auto& sent = f.api.http.requests.at(0);
  CHECK(sent.headers.get("Content-Type") == "application/merge-patch+json");
  json::Document document;
  std::string text = sent.body;
  const auto body = document.parse(text).value();
  CHECK(body.at({"metadata", "resourceVersion"}).string_or("") == "6");
  CHECK(body.at({"data", "tls.crt"}).string_or("") == "cGVt");
  CHECK(body.at({"data", "ca-next.crt"}).is_null());
}

TEST_CASE("a Secret that is gone when it is written is a conflict, and so is a patch whose test fails") {
  Fixture f;
  f.api.http.on("PATCH " + kSecret, response(404, {}, status_body(404, "gone")));
  const auto written = run_task(f.api.io, [&f] { return f.store.write_secret({}, "6"); });
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == ErrorKind::conflict);
  f.api.http.on(
      "PATCH " + kApi + "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/configuration",
      response(422, {}, status_body(422, "test failed")));
  const auto patched = run_task(f.api.io, [&f] { return f.store.patch_configuration("[]"); });
  REQUIRE_FALSE(patched);
  CHECK(patched.error().kind == ErrorKind::conflict);
}

TEST_CASE("no more is read of a Secret, or of a webhook configuration, than an object can hold") {
  Fixture f;
  const auto configuration =
      kApi + "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/configuration";
  const std::string huge(5 * 1024 * 1024, ' ');
  f.api.http.on("GET " + kSecret, response(200, {}, huge + kBody));
  f.api.http.on("GET " + configuration, response(200, {}, huge + "{}"));
  CHECK(f.read().error().kind == ErrorKind::too_large);
  CHECK(run_task(f.api.io, [&f] { return f.store.read_configuration(); }).error().kind ==
        ErrorKind::too_large);
}
