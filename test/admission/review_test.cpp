#include "admission/review.hpp"

#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using test::captured;
using test::json_remove;
using test::json_set;

std::string error_of(const std::string& text) {
  json::Document document;
  std::string copy = text;
  const auto review = parse_review(document.parse(copy).value());
  REQUIRE_FALSE(review);
  CHECK(review.error().kind == ErrorKind::invalid);
  CHECK(review.error().message.find('\n') == std::string::npos);
  return review.error().message;
}

TEST_CASE("a captured review is read") {
  json::Document document;
  auto text = captured("update-pod-ephemeralcontainers");
  const auto review = parse_review(document.parse(text).value()).value();
  CHECK(review.api_version == ApiVersion::v1);
  CHECK(review.uid == "1f1d97ed-a7b6-44e6-8a17-91c32ea490d7");
  CHECK(review.operation == Operation::update);
  CHECK(review.operation_text == "UPDATE");
  CHECK(review.kind.is("", "Pod"));
  CHECK(review.kind.version == "v1");
  CHECK(review.resource == "pods");
  CHECK(review.sub_resource == "ephemeralcontainers");
  CHECK(review.namespace_name == "cap");
  CHECK(review.name == "full");
  CHECK(review.username == "admin");
  CHECK_FALSE(review.dry_run);
  CHECK(review.object.is_object());
  CHECK(review.old_object.is_object());
  CHECK(review.is_pod());
  CHECK(review.is_ephemeral_containers());
  CHECK_FALSE(review.is_job());
}

TEST_CASE("what a controller creates has an owner, and a name yet to be made") {
  json::Document document;
  auto text = captured("create-pod-by-replicaset");
  const auto review = parse_review(document.parse(text).value()).value();
  CHECK(review.name == "web-57654b4589-");
  CHECK(review.old_object.is_null());
  const auto owner = controller_owner(review.object);
  REQUIRE(owner);
  CHECK(owner->group == "apps");
  CHECK(owner->kind == "ReplicaSet");
  CHECK(owner->name == "web-57654b4589");
  CHECK(has_owner(review.object, std::vector<Owner>{{"apps", "ReplicaSet"}}));
  CHECK_FALSE(has_owner(review.object, std::vector<Owner>{{"", "ReplicaSet"}}));
  CHECK_FALSE(has_owner(review.object, std::vector<Owner>{{"apps", "Deployment"}}));
}

TEST_CASE("an owner that is no controller does not count as one") {
  json::Document document;
  auto text =
      json_remove(captured("create-pod-by-job"), "/request/object/metadata/ownerReferences/0/controller");
  const auto review = parse_review(document.parse(text).value()).value();
  CHECK_FALSE(controller_owner(review.object));
  CHECK(has_owner(review.object, std::vector<Owner>{{"batch", "Job"}}));
}

TEST_CASE("dry runs are told apart") {
  json::Document document;
  auto text = captured("create-pod-dry-run");
  CHECK(parse_review(document.parse(text).value()).value().dry_run);
}

TEST_CASE("both versions are read and no other") {
  const auto v1 = captured("create-deployment");
  json::Document document;
  auto beta = json_set(v1, "/apiVersion", "\"admission.k8s.io/v1beta1\"");
  CHECK(parse_review(document.parse(beta).value()).value().api_version == ApiVersion::v1beta1);
  CHECK(error_of(json_set(v1, "/apiVersion", "\"admission.k8s.io/v2\"")) ==
        "apiVersion \"admission.k8s.io/v2\" is neither admission.k8s.io/v1 nor admission.k8s.io/v1beta1");
  CHECK(error_of(json_remove(v1, "/apiVersion")).find("apiVersion \"\"") == 0);
  CHECK(error_of(json_set(v1, "/apiVersion", "1")).find("apiVersion \"\"") == 0);
}

TEST_CASE("what is no review is an error of one line") {
  const auto good = captured("create-deployment");
  CHECK(error_of("[]") == "not an AdmissionReview: the body is no JSON object");
  CHECK(error_of("null") == "not an AdmissionReview: the body is no JSON object");
  CHECK(error_of("{}") == "not an AdmissionReview: kind is \"\"");
  CHECK(error_of(json_set(good, "/kind", "\"Conversion\\nReview\"")) ==
        "not an AdmissionReview: kind is \"Conversion\\x0aReview\"");
  CHECK(error_of(json_remove(good, "/request")) == "the AdmissionReview has no request");
  CHECK(error_of(json_set(good, "/request", "[1]")) == "the AdmissionReview has no request");
  CHECK(error_of(json_remove(good, "/request/uid")) == "the AdmissionReview's request has no uid");
  CHECK(error_of(json_set(good, "/request/uid", "\"\"")) == "the AdmissionReview's request has no uid");
  CHECK(error_of(json_set(good, "/request/uid", "7")) == "the AdmissionReview's request has no uid");
}

TEST_CASE("known fields of a wrong type count as absent, unknown ones are ignored") {
  json::Document document;
  std::string text =
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","future":{"a":[1]},"request":{"uid":"u",)"
      R"("kind":"Pod","resource":3,"subResource":null,"namespace":[],"name":{},"operation":false,"userInfo":"me",)"
      R"("dryRun":"yes","object":"text","oldObject":0,"tomorrow":{}}})";
  const auto review = parse_review(document.parse(text).value()).value();
  CHECK(review.operation == Operation::other);
  CHECK(review.kind.kind.empty());
  CHECK(review.sub_resource.empty());
  CHECK(review.name.empty());
  CHECK(review.username.empty());
  CHECK_FALSE(review.dry_run);
  CHECK_FALSE(review.object.is_object());
}

TEST_CASE("labels, annotations, deletion and mirror pods") {
  json::Document document;
  std::string text =
      R"({"metadata":{"deletionTimestamp":"2026-11-23T07:06:45Z","labels":{"digester.dev/pin":"false","n":1},)"
      R"("annotations":{"kubernetes.io/config.mirror":"abc"}}})";
  const auto object = document.parse(text).value();
  CHECK(label(object, kPinLabel) == "false");
  CHECK_FALSE(label(object, "n"));
  CHECK_FALSE(label(object, "x"));
  CHECK(is_mirror_pod(object));
  CHECK(is_being_deleted(object));
  json::Document other;
  std::string plain =
      R"({"metadata":{"deletionTimestamp":null,"labels":[],"ownerReferences":{"controller":true}}})";
  const auto living = other.parse(plain).value();
  CHECK_FALSE(is_being_deleted(living));
  CHECK_FALSE(is_mirror_pod(living));
  CHECK_FALSE(controller_owner(living));
}

}  // namespace
}  // namespace digester::admission
