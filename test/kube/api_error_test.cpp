// What answers of the Kubernetes API mean.
#include "kube/api_error.hpp"

#include <catch2/catch.hpp>

#include "kube/fixture.hpp"

using namespace digester;
using namespace digester::test;
using kube::read_error;
using kube::right_of;
using net::Method;

TEST_CASE("a request's path and method name the right that it needs") {
  const auto words = [](Method method, std::string_view path) { return right_of(method, path).words(); };
  CHECK(words(Method::get, "/api/v1/namespaces/x/secrets/y?fieldManager=z") ==
        "get secrets \"y\" in namespace \"x\"");
  CHECK(words(Method::get, "/api/v1/namespaces/x/secrets?limit=500") == "list secrets in namespace \"x\"");
  CHECK(words(Method::get, "/api/v1/secrets?limit=5&watch=true") == "watch secrets");
  CHECK(words(Method::put, "/apis/apps/v1/namespaces/x/deployments/d/status") ==
        "update deployments/status.apps \"d\" in namespace \"x\"");
  CHECK(words(Method::patch, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/m") ==
        "patch mutatingwebhookconfigurations.admissionregistration.k8s.io \"m\"");
  CHECK(words(Method::get, "/api/v1/namespaces/x") == "get namespaces \"x\"");
  CHECK(words(Method::get, "/api/v1/namespaces") == "list namespaces");
  CHECK(words(Method::put, "/api/v1/namespaces/x/finalize") == "update namespaces/finalize \"x\"");
  CHECK(words(Method::post, "/api/v1/namespaces/x/serviceaccounts/s/token") ==
        "create serviceaccounts/token \"s\" in namespace \"x\"");
  CHECK(words(Method::delete_, "/api/v1/namespaces/x/pods") == "deletecollection pods in namespace \"x\"");
  CHECK(words(Method::delete_, "/api/v1/namespaces/x/pods/p%20q") ==
        "delete pods \"p q\" in namespace \"x\"");
  CHECK(words(Method::get, "/version?x=y") == "get /version");
  CHECK(words(Method::get, "/") == "get /");
  CHECK(words(Method::get, "/api/v1/") == "get /api/v1/");
  CHECK(words(Method::get, "/api/v1/nodes/%0A%1b[31m").find('\x1b') == std::string::npos);
}

TEST_CASE("each status is the kind of error that says what to do") {
  const auto right = right_of(Method::get, "/api/v1/namespaces/x/secrets/y");
  const std::pair<unsigned, ErrorKind> kinds[] = {
      {302, ErrorKind::protocol},    {400, ErrorKind::invalid},     {401, ErrorKind::unauthorized},
      {403, ErrorKind::forbidden},   {404, ErrorKind::not_found},   {405, ErrorKind::unsupported},
      {406, ErrorKind::unsupported}, {408, ErrorKind::unavailable}, {409, ErrorKind::conflict},
      {410, ErrorKind::not_found},   {412, ErrorKind::conflict},    {413, ErrorKind::too_large},
      {415, ErrorKind::unsupported}, {422, ErrorKind::invalid},     {429, ErrorKind::rate_limited},
      {418, ErrorKind::protocol},    {500, ErrorKind::unavailable}, {501, ErrorKind::unsupported},
      {503, ErrorKind::unavailable}, {504, ErrorKind::unavailable}};
  for (const auto& [status, kind] : kinds) {
    INFO(status);
    const auto error = read_error(response(status), right, "");
    CHECK(error.kind == kind);
    CHECK(error.message.find("get secrets \"y\" in namespace \"x\"") != std::string::npos);
  }
}

TEST_CASE("the API's own words are repeated, printable and shortened, and never with the token") {
  const auto right = right_of(Method::get, "/api/v1/namespaces/x/secrets/y");
  const auto said = [&](const std::string& body) {
    return read_error(response(403, {}, body), right, "tok-1");
  };
  const std::string forbidden =
      R"(secrets "y" is forbidden: User "u" cannot get resource "secrets" in API group "" in the namespace "x")";
  CHECK(said(status_body(403, forbidden)).message ==
        "the Kubernetes API does not let us get secrets \"y\" in namespace \"x\": give this account a Role "
        "with "
        "that verb (it says: " +
            forbidden + ")");
  const auto hostile = said(status_body(403, "a\nb\x1b[31m" + std::string(5000, 'x'))).message;
  CHECK(hostile.size() < 600);
  CHECK(hostile.find_first_of("\n\x1b") == std::string::npos);
  CHECK(said(status_body(403, "bad token tok-1 seen")).message.find("tok-1") == std::string::npos);
  CHECK(said("<html>proxy page").message.find("html") == std::string::npos);
  CHECK(said(R"({"kind":"Secret","message":"data"})").message.find("data") == std::string::npos);
  CHECK(said(std::string(100'000, '[')).message.find("it says") == std::string::npos);
}

TEST_CASE("how long to wait comes from the field or from the Status object") {
  const auto right = right_of(Method::get, "/version");
  const auto wait = [&](const Fields& fields, const std::string& body = {}) {
    return read_error(response(429, fields, body), right, "").retry_after;
  };
  CHECK(wait({{"Retry-After", "3"}}) == 3s);
  CHECK(wait({{"Retry-After", "3"}}, status_body(429, "busy", 7)) == 3s);
  CHECK(wait({}, status_body(429, "busy", 7)) == 7s);
  CHECK(wait({{"Retry-After", "999999999"}}) == 3600s);
  for (const auto* odd : {"", "x", "-1", "1.5", "3 ", "99999999999999999999"})
    CHECK_FALSE(wait({{"Retry-After", odd}}));
  CHECK_FALSE(wait({}));
}
