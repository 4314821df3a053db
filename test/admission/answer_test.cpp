// The AdmissionReview that goes back, byte for byte, and the sentences in it.
#include "admission/answer.hpp"

#include <catch2/catch.hpp>

#include "admission/wording.hpp"
#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

TEST_CASE("a patch goes back in base64, with the uid and the version of the review") {
  const auto result = run(captured("create-deployment"));
  const std::string patch = R"([{"op":"replace","path":"/spec/template/spec/containers/0/image","value":")" +
                            at(kWeb, 'a') + R"("}])";
  CHECK(result.response == R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{)"
                           R"("uid":"8091d73d-a571-48ba-a827-b96af7d88605","allowed":true,)"
                           R"("status":{"code":200,"reason":"Patched"},"patch":")" +
                               text::base64_encode(patch) +
                               R"(","patchType":"JSONPatch","auditAnnotations":{"pinned":")" + at(kWeb, 'a') +
                               R"("}}})");
  const auto beta =
      run(json_set_string(captured("create-deployment"), "/apiVersion", "admission.k8s.io/v1beta1"));
  CHECK(json_get(beta.response, "/apiVersion") == R"("admission.k8s.io/v1beta1")");
}

TEST_CASE("without a patch there is no patchType") {
  const auto result = run(captured("create-replicaset-by-controller"));
  CHECK(result.response == R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{)"
                           R"("uid":)" +
                               json_get(captured("create-replicaset-by-controller"), "/request/uid") +
                               R"(,"allowed":true,"status":{"code":200,"reason":"NotPatched"}}})");
}

TEST_CASE("a refusal carries code, reason and message, and no patch") {
  const auto refused =
      run(captured("create-deployment"), {}, {{kWeb, failing(ErrorKind::not_found, "no \"such\" tag")}});
  CHECK(
      refused.response ==
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{)"
      R"("uid":"8091d73d-a571-48ba-a827-b96af7d88605","allowed":false,"status":{"code":403,"status":"Failure",)"
      R"("reason":"Forbidden","message":"cannot pin an image: container web: )" +
          kWeb + R"(: no \"such\" tag"},"auditAnnotations":{"unresolved":")" + kWeb + R"("}}})");
  const auto later = run(captured("create-deployment"), {}, {{kWeb, failing(ErrorKind::timed_out)}});
  CHECK(json_get(later.response, "/response/status/reason") == R"("InternalError")");
  CHECK(json_get(later.response, "/response/status/code") == "500");
}

TEST_CASE("warnings and all audit annotations are rendered") {
  Policy policy;
  policy.on_error = OnError::admit;
  const auto result =
      run(captured("create-pod-full"), policy,
          {{kWeb, known('a', Source::stale, std::chrono::seconds(1))}, {kMigrate, known('b')}});
  CHECK(json_get(result.response, "/response/warnings") ==
        R"(["digester: )" + kWeb + R"( pinned as known for 1s: 127.0.0.1:5000: no answer",)" +
            R"("digester: )" + kModel + R"( not pinned: 127.0.0.1:5000: no such image"])");
  CHECK(json_get(result.response, "/response/auditAnnotations") ==
        R"({"pinned":")" + at(kWeb, 'a') + "," + at(kMigrate, 'b') + R"(","unresolved":")" + kModel +
            R"(","stale":")" + at(kWeb, 'a') + R"("})");
}

TEST_CASE("every warning fits, whatever the image") {
  const std::string long_path = "registry.example.com/" + std::string(200, 'p') + ":end";
  const std::string odd =
      "\xE2\x98\x83 \xF0\x9F\x90\x8B \n\x1B[31m\xE2\x80\xAE" + std::string(300, ' ') + "tail";
  for (const auto& image :
       {std::string("a"), long_path, odd, std::string(1 << 20, 'x'), std::string(90, '\n'),
        std::string(60, '\n') + "\xE2\x98\x83" + std::string(29, 'z')}) {
    for (const auto& registry : {std::string(), std::string("r"), std::string(253, 'r')}) {
      const wording::Subject subject{image, registry};
      std::vector<std::string> lines{
          wording::would_write(image, at(image, 'a')),
          wording::stale(subject, std::chrono::hours(24 * 365 * 100) + std::chrono::nanoseconds(1),
                         wording::cause(ErrorKind::unauthorized)),
          wording::kept(subject, "only a cached answer"), wording::plain(image)};
      for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
        lines.push_back(wording::not_pinned(subject, static_cast<ErrorKind>(kind)));
        lines.push_back(wording::would_refuse(subject, static_cast<ErrorKind>(kind)));
      }
      for (const auto& line : lines) {
        CAPTURE(line);
        CHECK(line.size() <= kMaxWarningBytes);
        CHECK(line.starts_with("digester: "));
        CHECK(text::printable(line) == line);
      }
    }
  }
}

TEST_CASE("a long image keeps its end in a warning") {
  const std::string image = "registry.example.com/" + std::string(200, 'p') + "/name:1.2.3";
  const auto line = wording::not_pinned({image, "registry.example.com"}, ErrorKind::timed_out);
  CHECK(line.size() == kMaxWarningBytes);
  CHECK(line.find("digester: …ppp") == 0);
  CHECK(line.find("/name:1.2.3 not pinned: registry.example.com: timed out") != std::string::npos);
}

TEST_CASE("many failures: few reasons, few warnings, bounded annotations") {
  std::string containers = "[";
  for (int i = 0; i < 300; ++i)
    containers += std::string(i == 0 ? "" : ",") + R"({"name":"c)" + std::to_string(i) +
                  R"(","image":"r.io/image)" + std::to_string(i) + R"(:1"})";
  const auto review =
      json_set(captured("create-pod-dry-run"), "/request/object/spec/containers", containers + "]");
  const auto refused = run(review, {}, {});
  CHECK(
      refused.answer.message ==
      "cannot pin 300 images: container c0: r.io/image0:1: no such image; container c1: r.io/image1:1: no "
      "such image; "
      "container c2: r.io/image2:1: no such image; container c3: r.io/image3:1: no such image; and 296 more");
  CHECK(refused.answer.unresolved.size() <= kMaxAuditBytes);
  CHECK(refused.answer.unresolved.ends_with(",…"));
  CHECK(refused.answer.images.size() == 300);
  Policy policy;
  policy.on_error = OnError::admit;
  const auto admitted = run(review, policy, {});
  CHECK(admitted.answer.warnings.size() == kMaxWarnings);
  CHECK(admitted.answer.warnings.back() == "digester: more images have warnings: see the server's log");
}

TEST_CASE("names of the enumerations are those of the log") {
  CHECK(to_string(Source::cache) == "cache");
  CHECK(to_string(Source::registry) == "registry");
  CHECK(to_string(Source::stale) == "stale");
  CHECK(to_string(Verdict::pinned) == "pinned");
  CHECK(to_string(Verdict::restored) == "restored");
  CHECK(to_string(Verdict::unresolved) == "unresolved");
  CHECK(to_string(Verdict::untouched) == "untouched");
}

}  // namespace
}  // namespace digester::admission
