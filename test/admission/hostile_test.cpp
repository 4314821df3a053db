// Objects that no honest API server sends: never a crash, never a wrong patch, bounded work.
#include <catch2/catch.hpp>
#include <ctime>

#include "run.hpp"

namespace digester::admission {
namespace {

using namespace digester::test;

Policy admitting() {
  Policy policy;
  policy.on_error = OnError::admit;
  return policy;
}

std::string pod_with_containers(const std::string& containers) {
  return json_set(captured("create-pod-dry-run"), "/request/object/spec/containers", containers);
}

// Containers with images made from their number; the names too, unless there is one for all.
template <typename Image>
std::string many(int count, Image image, const char* one_name = nullptr) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) {
    const auto name = one_name != nullptr ? one_name : "c" + std::to_string(i);
    list += std::string(i == 0 ? "" : ",") + R"({"name":")" + name + R"(","image":")" + image(i) + R"("})";
  }
  return list + "]";
}

TEST_CASE("any part of a review may be anything") {
  // Without what is long and says nothing, since this runs many times.
  auto create_full =
      json_set(captured("create-pod-full"), "/request/object/metadata/annotations", R"({"note":"x"})");
  create_full = json_remove(create_full, "/request/object/metadata/managedFields");
  const auto update = as_update(json_set(create_full, "/request/object/metadata/labels", "{}"));
  for (const std::string pointer : {"/request/object",
                                    "/request/oldObject",
                                    "/request/object/metadata",
                                    "/request/object/metadata/annotations",
                                    "/request/object/metadata/ownerReferences",
                                    "/request/object/metadata/labels",
                                    "/request/object/spec",
                                    "/request/object/spec/containers",
                                    "/request/object/spec/containers/0",
                                    "/request/object/spec/containers/0/image",
                                    "/request/object/spec/containers/0/name",
                                    "/request/object/spec/volumes",
                                    "/request/object/spec/volumes/1",
                                    "/request/object/spec/volumes/1/image",
                                    "/request/object/spec/volumes/1/image/reference",
                                    "/request/oldObject/spec/containers/0/image",
                                    "/request/oldObject/spec/containers/0/name",
                                    "/request/oldObject/spec/volumes",
                                    "/request/kind",
                                    "/request/namespace",
                                    "/request/subResource"}) {
    for (const std::string value :
         {"null", "0", "-1.5e300", "true", R"("")", R"("text")", "[]", "{}", "[null]", R"([{"image":{}}])",
          R"({"image":"x"})", R"([[[[]]]])", R"("\u0000")"}) {
      CAPTURE(pointer, value);
      const auto create = json_set_string(json_set(update, pointer, value), "/request/operation", "CREATE");
      for (const auto& review : {json_set(update, pointer, value), create}) {
        const auto result = run(review, admitting());
        CHECK(result.answer.allowed);
        for (const auto& warning : result.answer.warnings)
          CHECK(text::printable(warning) == warning);
      }
    }
  }
}

TEST_CASE("a key twice on the way to an image: left alone, with a word") {
  const std::string container = R"({"name":"a","image":"x","image":"y"})";
  const auto result = run(pod_with_containers("[" + container + "]"));
  CHECK(result.untouched());
  CHECK(result.asked.empty());
  CHECK(result.warnings() == "digester: the object has the key \"image\" twice: left alone\n");
  const auto in_old = json_set(as_update(captured("create-pod-dry-run")),
                               "/request/oldObject/spec/containers", "[" + container + "]");
  CHECK(run(in_old).untouched());
  CHECK(run(in_old).answer.warnings.size() == 1);
}

TEST_CASE("odd names, and keys with slashes and tildes beside the images") {
  const auto review = json_set(
      pod_with_containers(R"([{"a/b~c":{"image":"no"},"name":"☃/~1\u0000\"","image":")" + kWeb + R"("}])"),
      "/request/object/metadata/annotations", R"({"spec/containers/0/image":"x","~0":"y","/":"z"})");
  const auto result = run(review);
  CHECK(result.image(kPodImage) == at(kWeb, 'a'));
  CHECK(result.object == json_set_string(json_get(review, "/request/object"), kPodImage, at(kWeb, 'a')));
  const auto refused = run(review, {}, {});
  CHECK(refused.answer.message.find("container ☃/~1\\x00\": ") != std::string::npos);
}

TEST_CASE("10,000 containers of one image are one look-up") {
  const auto result = run(pod_with_containers(many(10'000, [](int) { return kWeb; })));
  CHECK(result.asked == std::vector<std::string>{kWeb});
  CHECK(result.answer.images.size() == 10'000);
  CHECK(result.answer.pinned == at(kWeb, 'a'));
}

TEST_CASE("10,000 different images: the look-ups are bounded and the policy decides") {
  const auto review = pod_with_containers(many(10'000, [](int i) { return "r.io/i" + std::to_string(i); }));
  Registry all;
  for (int i = 0; i < 10'000; ++i)
    all.insert({"r.io/i" + std::to_string(i), known('a')});
  const auto refused = run(review, {}, all);
  CHECK(refused.asked.size() == kMaxLookups);
  CHECK_FALSE(refused.answer.allowed);
  CHECK(refused.answer.code == 403);
  CHECK(refused.answer.message ==
        "cannot pin 9488 images: container c512: r.io/i512: the object names over 512 different images; "
        "split it; "
        "and 9487 more");
  const auto admitted = run(review, admitting(), all);
  CHECK(admitted.answer.allowed);
  CHECK(admitted.image("/spec/containers/511/image") == at("r.io/i511", 'a'));
  CHECK(admitted.image("/spec/containers/512/image") == "r.io/i512");
}

TEST_CASE("10,000 strings that are no references do not make 10,000 errors") {
  json::Document document;
  auto text = pod_with_containers(many(10'000, [](int i) { return "NOT " + std::to_string(i); }));
  const auto review = parse_review(document.parse(text).value()).value();
  const auto plan = make_plan(review, {});
  CHECK(plan.lookups.empty());
  CHECK(plan.failures.size() == kMaxLookups + 1);
  CHECK(decide(plan, {}).code == 403);
}

TEST_CASE("over the number of images that are looked at, a creation is up to the policy, an update passes") {
  const auto review =
      pod_with_containers(many(static_cast<int>(kMaxImageFields) + 1, [](int) { return "x"; }));
  const auto refused = run(review, {}, {{"x", known('a')}});
  CHECK(refused.answer.code == 403);
  CHECK(refused.answer.message ==
        "cannot pin an image: container c0: x: the object names over 16384 images; split it");
  CHECK(run(review, admitting(), {{"x", known('a')}}).untouched());
  const auto update = run(json_set(as_update(review), "/request/object/metadata/labels", "{}"));
  CHECK(update.untouched());
  CHECK(update.warnings() == "digester: over 16384 images in one object: left alone\n");
}

TEST_CASE("10,000 containers, in another order and with one name: no quadratic work") {
  const auto pinned = many(
      10'000, [](int i) { return at("r.io/i" + std::to_string(i), 'a'); }, "n");
  const auto reversed = many(
      10'000, [](int i) { return "r.io/i" + std::to_string(9'999 - i); }, "n");
  auto review =
      json_set(as_update(captured("create-pod-dry-run")), "/request/object/spec/containers", reversed);
  review = json_set(review, "/request/oldObject/spec/containers", pinned);
  json::Document document;
  const auto parsed = parse_review(document.parse(review).value()).value();
  const auto started = std::clock();
  const auto answer = decide(make_plan(parsed, {}), {});
  CHECK(static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC < 2.0);  // 10 ms without sanitizers
  CHECK(answer.images.size() == 10'000);
  CHECK(answer.images.at(1).written == at("r.io/i9998", 'a'));
}

TEST_CASE("an image of a megabyte is refused in one short line") {
  for (const auto& image :
       {std::string(1 << 20, 'x'), "r.io/" + std::string(1 << 20, '/'), std::string(1 << 19, '\n')}) {
    const auto review = json_set_string(captured("create-pod-dry-run"),
                                        std::string("/request/object") + kPodImage, image + "y");
    const auto refused = run(review);
    CHECK_FALSE(refused.answer.allowed);
    CHECK(refused.answer.code == 403);
    CHECK(refused.answer.message.size() < kMaxMessageBytes);
    CHECK(refused.response.size() < 8192);
    CHECK(text::printable(refused.answer.message, kMaxMessageBytes) == refused.answer.message);
    const auto admitted = run(review, admitting());
    CHECK(admitted.answer.warnings.size() == 1);
    CHECK(admitted.answer.warnings[0].size() <= kMaxWarningBytes);
  }
}

TEST_CASE("an old image that is no reference goes back as it was, and is printable where people read it") {
  const std::string odd = "a\n\x1B b";
  auto review = json_set_string(as_update(captured("create-pod-dry-run")),
                                std::string("/request/object") + kPodImage, odd);
  review = json_set_string(review, std::string("/request/oldObject") + kPodImage, at(odd, 'a'));
  const auto result = run(review);
  CHECK(result.object == json_get(review, "/request/oldObject"));
  CHECK(result.answer.pinned == "a\\x0a\\x1b b@" + digest('a'));
}

TEST_CASE("an object of 3 MiB, deep and wide, is pinned at the right place") {
  std::string annotations = "{";
  for (int i = 0; i < 3'000; ++i)
    annotations +=
        std::string(i == 0 ? "" : ",") + "\"k" + std::to_string(i) + "\":\"" + std::string(1'000, 'v') + "\"";
  auto review =
      json_set(captured("create-deployment"), "/request/object/metadata/annotations", annotations + "}");
  review = json_set(review, "/request/object/spec/deep", std::string(450, '[') + std::string(450, ']'));
  REQUIRE(review.size() > 3'000'000);
  const auto result = run(review);
  CHECK(result.image(kTemplateImage) == at(kWeb, 'a'));
  CHECK(result.response.size() < 1024);
  const auto update = run(json_set(as_update(review), "/request/object/spec/replicas", "9"));
  CHECK(update.untouched());
}

TEST_CASE(
    "a doubled key in the review's envelope: the last one counts, as for the API server's own decoder") {
  auto text = captured("create-deployment");
  const std::string uid = R"("uid":"8091d73d-a571-48ba-a827-b96af7d88605",)";
  text.insert(text.find(uid), R"("uid":"first",)");
  CHECK(json_get(run(text).response, "/response/uid") == R"("8091d73d-a571-48ba-a827-b96af7d88605")");
}

}  // namespace
}  // namespace digester::admission
