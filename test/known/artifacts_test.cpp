#include "known/artifacts.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::known {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

const std::string kTag = "r.example/p/app:v1@" + test::kDigest;

Artifacts artifacts(const std::string& name, const std::string& tag = kTag) {
  return Artifacts::read(R"({"builds":[{"imageName":")" + name + R"(","tag":")" + tag + "\"}]}").value();
}

TEST_CASE("the file of the scenario, which has no line break at its end") {
  const auto file = Artifacts::read(test::scenario("skaffold/artifacts.json")).value();
  const std::string tag =
      "r.example/p/"
      "skaffold-example:v1@sha256:cb5c1bddd1b5665e1867a7fa1b5fa843a47ee433bbb75d4293888b71def53229";
  CHECK(file.size() == 1);
  CHECK(file.find("skaffold-example") == tag);
  CHECK(file.find("skaffold-example:dev") == tag);
  CHECK(!file.find("other"));
}

TEST_CASE("names are compared as Skaffold does") {
  const auto app = artifacts("R.example/P/App");
  CHECK(app.find("r.example/p/app") == kTag);
  CHECK(app.find("r.example/p/app:Some-Tag") == kTag);
  CHECK(app.find("r.EXAMPLE/p/APP:x") == kTag);
  CHECK(!app.find("r.example/p/app2"));
  CHECK(!app.find("r.example/p/ap"));
  CHECK(!app.find("p/app"));
  CHECK(!app.find("app"));
  CHECK(!artifacts("app").find("docker.io/library/app"));
  CHECK(artifacts("localhost:5000/app").find("localhost:5000/app:1") == kTag);
  CHECK(!artifacts("localhost").find("localhost:5000/app"));
  CHECK(artifacts("ko://github.com/Org/app").find("ko://github.com/Org/App") == kTag);
  CHECK(artifacts("github.com/org/app").find("ko://github.com/Org/app") == kTag);
}

TEST_CASE("an image with a digest stays") {
  CHECK(!artifacts("app").find("app@" + test::kOther));
  CHECK(!artifacts("app").find("app:1@" + test::kOther));
}

TEST_CASE("a build without a registry has no digest, and other members do not matter") {
  CHECK(artifacts("app", "app:dirty").find("app") == "app:dirty");
  const auto file = Artifacts::read(R"({"x":1,"builds":[{"imageName":"a","tag":"a:1","runtimeType":"go"},
      {"imageName":"a","tag":"a:2"}]})");
  CHECK(file.value().find("a") == "a:2");
  CHECK(Artifacts::read(R"({"builds":null})").value().size() == 0);
}

TEST_CASE("artifacts are unused that no image names, nor is") {
  const auto file = Artifacts::read(R"({"builds":[
    {"imageName":"typo","tag":"r.example/typo:1"},
    {"imageName":"App","tag":"r.example/app:1"},
    {"imageName":"done","tag":"r.example/done:1"}]})")
                        .value();
  const auto unused = [&file](std::vector<std::string_view> images) {
    std::vector<std::string> out;
    for (const auto* artifact : file.unused(images))
      out.push_back(artifact->name + " " + std::to_string(artifact->line));
    return out;
  };
  const std::string pinned = "r.example/done:1@" + test::kDigest, app = "app@" + test::kOther;
  CHECK(unused({}) == std::vector<std::string>{"typo 2", "App 3", "done 4"});
  CHECK(unused({"ko://app:x", pinned}) == std::vector<std::string>{"typo 2"});
  CHECK(unused({app, "r.example/done:1", "typo"}).empty());
}

TEST_CASE("what is no such file is told with its line and the cure") {
  const auto error = [](const std::string& text) { return test::error_of(Artifacts::read(text)); };
  CHECK(
      error("{}") ==
      "line 1: there is no list of builds; give the file that \"skaffold build --file-output FILE\" writes");
  CHECK_THAT(error(""), Contains("skaffold build"));
  CHECK_THAT(error("builds: []"), Contains("skaffold build"));
  CHECK_THAT(error("{\"builds\":[\n{\"imageName\":\"a\"}]}"),
             StartsWith("line 2: a build has no imageName or no tag"));
  CHECK_THAT(error("{\"builds\":[\n{\"imageName\":\"a\",\"tag\":\"A b\"}]}"),
             StartsWith("line 2: the tag of a: "));
  CHECK_THAT(error("{\"builds\":[{\"imageName\":\"a\",\"tag\":\"123\"}]}"), Contains("would be no text"));
  CHECK_THAT(error("{\"builds\":{\"imageName\":\"a\"}}"), Contains("no list of builds"));
  CHECK(error(std::string(20 << 20, ' ')) != "");
}

}  // namespace
}  // namespace digester::known
