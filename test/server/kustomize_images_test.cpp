#include "app/kustomize_images.hpp"

#include <catch2/catch.hpp>

namespace digester::app {
namespace {

const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";

manifest::Images images(const std::vector<std::string>& values) {
  static const auto rules = manifest::Rules::make().value();
  std::string text =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n";
  for (const auto& value : values)
    text += "  - image: " + value + "\n";
  return built_images(text, rules).value().images;
}

std::string compared(const std::vector<std::string>& before, const std::vector<std::string>& after,
                     const std::map<std::string, std::string>& wanted) {
  const auto result = compare_builds(images(before), images(after), wanted);
  return result ? "" : result.error().message;
}

TEST_CASE("A second build is as it was meant, or says what is not and why that may be") {
  const std::map<std::string, std::string> wanted{{"r/web:1", "r/web:1@" + kDigest}};
  CHECK(compared({"r/web:1", "db"}, {"r/web:1@" + kDigest, "db"}, wanted).empty());
  CHECK(compared({"r/web:1", "db"}, {"r/web:1", "db"}, wanted)
            .find("Pod shop/web spec.containers[0].image is r/web:1 as before: images: does not reach it") ==
        0);
  CHECK(compared({"r/web:1", "db"}, {"r/web:1@" + kDigest, "db@" + kDigest}, wanted)
            .find("Pod shop/web spec.containers[1].image changed from db to db@" + kDigest +
                  ", which was not meant: the name of an entry is a regular expression") == 0);
  CHECK(compared({"r/web:1", "db"}, {"r/web:2", "db"}, wanted)
            .find("Pod shop/web spec.containers[0].image became r/web:2 and should be r/web:1@" + kDigest +
                  ": another entry changes it, too") == 0);
  CHECK(compared({"r/web:1", "db"}, {"db"}, wanted) ==
        "the build yields another number of images than before");
}

TEST_CASE("Images that count are open or pinned, and not skipped") {
  const BuiltImages built{images({"r/web:1", "db@" + kDigest, "'$(X)'", "skip/me", "'a b'", "ko://x.y/z"})};
  CHECK(built.values({}) == std::vector<std::string>{"r/web:1", "db@" + kDigest, "skip/me"});
  CHECK(obstacle(built.images.fields[5])->cause == "ko://x.y/z is an unresolved ko:// reference");
  const std::vector<std::string> skip{"skip/"};
  CHECK(built.values(skip) == std::vector<std::string>{"r/web:1", "db@" + kDigest});
}

}  // namespace
}  // namespace digester::app
