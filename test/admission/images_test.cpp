#include "admission/images.hpp"

#include <catch2/catch.hpp>

#include "run.hpp"

namespace digester::admission {
namespace {

using test::captured;
using test::kMigrate;
using test::kModel;
using test::kWeb;

struct Found {
  std::string pointer;
  std::string name;
  std::string image;
  friend bool operator==(const Found&, const Found&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Found& f) {
    return out << f.pointer << " " << f.name << " " << f.image;
  }
};

std::vector<Found> images_of(const std::string& object) {
  json::Document document;
  std::string text = object;
  std::vector<Found> found;
  for (const auto& field : find_images(document.parse(text).value()).fields)
    found.push_back({pointer(field), std::string(field.name), std::string(field.image)});
  return found;
}

std::string doubled_key_of(const std::string& object) {
  json::Document document;
  std::string text = object;
  return std::string(find_images(document.parse(text).value()).doubled_key);
}

TEST_CASE("the images of every captured kind are found") {
  const std::string pod = "/spec/";
  const std::string deployment = "/spec/template/spec/";
  const std::string cron_job = "/spec/jobTemplate/spec/template/spec/";
  const std::string pod_template = "/template/spec/";
  const std::string pinned =
      kWeb + "@sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";
  const auto one = [](const std::string& path, const char* name, const std::string& image) {
    return std::vector<Found>{{path + "containers/0/image", name, image}};
  };
  const std::vector<Found> full{{pod + "containers/0/image", "web", kWeb},
                                {pod + "containers/1/image", "pinned", pinned},
                                {pod + "initContainers/0/image", "init", kMigrate},
                                {pod + "initContainers/1/image", "sidecar", kWeb},
                                {pod + "volumes/1/image/reference", "model", kModel}};
  auto debugged = full;
  debugged.insert(debugged.end() - 1, {pod + "ephemeralContainers/0/image", "dbg", kWeb});
  const std::vector<std::pair<std::string, std::vector<Found>>> table{
      {"create-cronjob", one(cron_job, "j", kMigrate)},
      {"create-daemonset", one(deployment, "a", kWeb)},
      {"create-deployment-server-side-apply", one(deployment, "web", kWeb)},
      {"create-deployment", one(deployment, "web", kWeb)},
      {"create-job", one(deployment, "j", kMigrate)},
      {"create-pod-by-job", one(pod, "j", kMigrate)},
      {"create-pod-by-replicaset", one(pod, "web", kWeb)},
      {"create-pod-dry-run", one(pod, "dry", kWeb)},
      {"create-pod-full", full},
      {"create-podtemplate", one(pod_template, "c", kWeb)},
      {"create-replicaset-by-controller", one(deployment, "web", kWeb)},
      {"create-replicationcontroller", one(deployment, "c", kWeb)},
      {"create-statefulset",
       {{deployment + "containers/0/image", "db", kWeb},
        {deployment + "initContainers/0/image", "m", kMigrate}}},
      {"update-cronjob", one(cron_job, "j", kMigrate)},
      {"update-deployment-restart", one(deployment, "web", kWeb)},
      {"update-pod-ephemeralcontainers", debugged},
      {"update-replicaset-scale", one(deployment, "web", kWeb)},
  };
  for (const auto& [name, expected] : table) {
    CAPTURE(name);
    CHECK(images_of(test::json_get(captured(name), "/request/object")) == expected);
  }
}

TEST_CASE("one object may hold several pod specs") {
  CHECK(images_of(
            R"({"template":{"spec":{"containers":[{"image":"d"}]}},"spec":{"containers":[{"image":"a"}],)"
            R"("template":{"spec":{"initContainers":[{"image":"b"}]}},)"
            R"("jobTemplate":{"spec":{"template":{"spec":{"ephemeralContainers":[{"image":"c"}]}}}}}})") ==
        std::vector<Found>{{"/spec/containers/0/image", "", "a"},
                           {"/spec/template/spec/initContainers/0/image", "", "b"},
                           {"/spec/jobTemplate/spec/template/spec/ephemeralContainers/0/image", "", "c"},
                           {"/template/spec/containers/0/image", "", "d"}});
}

TEST_CASE("what has not the shape of a pod spec holds no image") {
  for (
      const auto* text : {
          R"(null)",
          R"([])",
          R"("spec")",
          R"({"spec":null})",
          R"({"spec":[{"containers":[{"image":"a"}]}]})",
          R"({"spec":{"containers":null}})",
          R"({"spec":{"containers":"a"}})",
          R"({"spec":{"containers":{"image":"a"}}})",
          R"({"spec":{"containers":[null,1,"a",[],[{"image":"a"}],{},{"image":null},{"image":7},{"image":{"image":"a"}}]}})",
          R"({"spec":{"volumes":[{"image":"a"},{"image":null},{"image":{"reference":1}},{"reference":"a"}]}})",
          R"({"spec":{"template":{"containers":[{"image":"a"}]},"image":"a"},"containers":[{"image":"a"}]})",
          R"({"spec":{"jobTemplate":{"template":{"spec":{"containers":[{"image":"a"}]}}}}})",
      }) {
    CAPTURE(text);
    CHECK(images_of(text).empty());
  }
}

TEST_CASE("elements that hold no image still count as places") {
  CHECK(images_of(R"({"spec":{"containers":[null,{"image":4},{"name":5,"image":"a"}]}})") ==
        std::vector<Found>{{"/spec/containers/2/image", "", "a"}});
}

TEST_CASE("a key that occurs twice on the way to an image is told") {
  CHECK(doubled_key_of(R"({"spec":{},"spec":{}})") == "spec");
  CHECK(doubled_key_of(R"({"spec":{"containers":[],"containers":[]}})") == "containers");
  CHECK(doubled_key_of(R"({"spec":{"volumes":[],"volumes":[]}})") == "volumes");
  CHECK(doubled_key_of(R"({"spec":{"template":{},"template":{}}})") == "template");
  CHECK(doubled_key_of(R"({"spec":{"template":{"spec":1,"spec":2}}})") == "spec");
  CHECK(doubled_key_of(R"({"spec":{"jobTemplate":{},"jobTemplate":{}}})") == "jobTemplate");
  CHECK(doubled_key_of(R"({"spec":{"jobTemplate":{"spec":{"template":{},"template":{}}}}})") == "template");
  CHECK(doubled_key_of(R"({"template":{},"template":{}})") == "template");
  CHECK(doubled_key_of(R"({"spec":{"containers":[{"image":"a","image":"b"}]}})") == "image");
  CHECK(doubled_key_of(R"({"spec":{"containers":[{"name":"a","name":"b"}]}})") == "name");
  CHECK(doubled_key_of(R"({"spec":{"volumes":[{"image":{"reference":"a","reference":"b"}}]}})") ==
        "reference");
  CHECK(doubled_key_of(R"({"metadata":1,"metadata":2,"spec":{"replicas":1,"replicas":2}})").empty());
}

TEST_CASE("no more than a bounded number of images is looked at") {
  std::string text = R"({"spec":{"containers":[)";
  for (std::size_t i = 0; i <= kMaxImageFields; ++i)
    text += i == 0 ? R"({"image":"a"})" : R"(,{"image":"a"})";
  text += "]}}";
  json::Document document;
  const auto found = find_images(document.parse(text).value());
  CHECK(found.too_many);
  CHECK(found.fields.size() == kMaxImageFields);
}

}  // namespace
}  // namespace digester::admission
