#include "admission/pull_context.hpp"

#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

struct Seen {
  std::string namespace_name;
  std::vector<PullIdentity> pods;
  PullIdentity merged;
  json::Document document;  // what the rest points into
};

Seen look(const std::string& review) {
  Seen seen;
  std::string text = review;
  const auto parsed = parse_review(seen.document.parse(text).value());
  auto context = pull_context(parsed.value());
  seen.namespace_name = context.namespace_name;
  seen.pods = context.pods;
  seen.merged = std::move(context).merged();
  return seen;
}

Seen look_at(const std::string& object, const std::string& old_object = "null") {
  return look(
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","namespace":"team",
    "operation":"CREATE","object":)" +
      object + R"(,"oldObject":)" + old_object + "}}");
}

using Names = std::vector<std::string_view>;

// At each of the four paths.
std::string at_path(SpecPath path, const std::string& spec) {
  switch (path) {
    case SpecPath::spec:
      return R"({"spec":)" + spec + "}";
    case SpecPath::template_spec:
      return R"({"spec":{"template":{"spec":)" + spec + "}}}";
    case SpecPath::job_template_spec:
      return R"({"spec":{"jobTemplate":{"spec":{"template":{"spec":)" + spec + "}}}}}";
    case SpecPath::pod_template_spec:
      return R"({"template":{"spec":)" + spec + "}}";
  }
  return {};
}

TEST_CASE("k8s-digester 16: pull secrets and account are found at every path of a pod spec") {
  for (const auto path :
       {SpecPath::spec, SpecPath::template_spec, SpecPath::job_template_spec, SpecPath::pod_template_spec}) {
    const auto seen = look_at(at_path(path, R"({"containers":[],"serviceAccountName":"builder",
      "imagePullSecrets":[{"name":"b"},{"name":"a"}]})"));
    CHECK(seen.namespace_name == "team");
    REQUIRE(seen.pods.size() == 1);
    CHECK(seen.pods.front().spec == path);
    CHECK(seen.merged.service_account == "builder");
    CHECK(seen.merged.pull_secrets == Names{"b", "a"});
  }
}

TEST_CASE("the namespace is the request's, whatever the object says") {
  const auto seen = look_at(R"({"metadata":{"namespace":"other"},"spec":{"containers":[]}})");
  CHECK(seen.namespace_name == "team");
}

TEST_CASE("the account is default unless named, by the deprecated name as well") {
  const auto account = [](const std::string& fields) {
    return std::string(look_at(R"({"spec":{"containers":[])" + fields + "}}").merged.service_account);
  };
  CHECK(account("") == "default");
  CHECK(account(R"(,"serviceAccountName":"")") == "default");
  CHECK(account(R"(,"serviceAccountName":7)") == "default");
  CHECK(account(R"(,"serviceAccount":"old")") == "old");
  CHECK(account(R"(,"serviceAccount":"old","serviceAccountName":"new")") == "new");
  CHECK(account(R"(,"serviceAccountName":"a","serviceAccountName":"b")") == "b");
}

TEST_CASE("entries without a name are listed all the same") {
  const auto secrets = [](const std::string& list) {
    const auto seen = look_at(R"({"spec":{"containers":[],"imagePullSecrets":)" + list + "}}");
    std::vector<std::string> names(seen.merged.pull_secrets.begin(), seen.merged.pull_secrets.end());
    return names;
  };
  using Strings = std::vector<std::string>;
  CHECK(secrets("[]").empty());
  CHECK(secrets("null").empty());
  CHECK(secrets(R"({"name":"a"})").empty());
  CHECK(secrets("[{}]") == Strings{""});
  CHECK(secrets(R"([{"name":null},7,{"name":"a"}])") == Strings{"", "", "a"});
  std::string many = "[{}";
  for (int i = 0; i < 1000; ++i)
    many += ",{}";
  CHECK(secrets(many + "]").size() == kMaxPullSecrets);
}

TEST_CASE("what is no pod spec says nothing") {
  CHECK(look_at(R"({"spec":{"imagePullSecrets":[{"name":"a"}]}})").pods.empty());
  CHECK(look_at(R"({"spec":{"containers":{}}})").pods.empty());
  CHECK(look_at("null").pods.empty());
  CHECK(look_at("null").merged.service_account == "default");
  CHECK(look_at("null").merged.pull_secrets.empty());
}

TEST_CASE("several pod specs in one object: all secrets, the first one's account") {
  const auto seen =
      look_at(R"({"spec":{"containers":[],"serviceAccountName":"one","imagePullSecrets":[{"name":"a"}],
    "template":{"spec":{"containers":[],"serviceAccountName":"two","imagePullSecrets":[{"name":"b"},{"name":"a"}]}}}})");
  REQUIRE(seen.pods.size() == 2);
  CHECK(seen.pods[1].service_account == "two");
  CHECK(seen.merged.service_account == "one");
  CHECK(seen.merged.pull_secrets == Names{"a", "b"});
}

TEST_CASE("a subresource whose object is not the Pod is answered by the Pod that was") {
  const auto seen = look_at(R"({"ephemeralContainers":[{"image":"x"}]})",
                            R"({"spec":{"containers":[],"imagePullSecrets":[{"name":"pods"}]}})");
  CHECK(seen.merged.pull_secrets == Names{"pods"});
}

TEST_CASE("captured reviews") {
  const auto pod = look(test::captured("create-pod-full"));
  CHECK(pod.namespace_name == "cap");
  CHECK(pod.merged.pull_secrets == Names{"regcred"});
  CHECK(pod.merged.service_account == "default");
  CHECK(look(test::captured("update-pod-ephemeralcontainers")).merged.pull_secrets == Names{"regcred"});
  for (const char* name : {"create-cronjob", "create-deployment", "create-podtemplate", "create-job"})
    CHECK(look(test::captured(name)).pods.size() == 1);
}

}  // namespace
}  // namespace digester::admission
