// A package's word: what it may say, and what it may not.
#include "krm/settings.hpp"

#include <catch2/catch.hpp>

namespace digester::krm {
namespace {

using Catch::Matchers::Contains;
using Strings = std::vector<std::string>;

std::string config_map(const std::string& data) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: function-input}\ndata: {" + data + "}\n";
}
std::string digester(const std::string& spec) {
  return "apiVersion: digester.dev/v1\nkind: Digester\nmetadata: {name: pin}\nspec: {" + spec + "}\n";
}
Settings read(const std::string& text) {
  const auto settings = read_settings(std::string_view(text));
  INFO((settings ? "" : settings.error().message));
  REQUIRE(settings);
  return *settings;
}
std::string error_of(const std::string& text) {
  const auto settings = read_settings(std::string_view(text));
  return settings ? "" : settings.error().message;
}

TEST_CASE("nothing said, nothing set") {
  for (const auto& text :
       {std::string(), std::string("null\n"), config_map(""), digester(""),
        std::string("apiVersion: v1\nkind: ConfigMap\n"), std::string("kind: Digester\nspec:\n")}) {
    const auto settings = read(text);
    CHECK_FALSE(settings.skip_prefixes);
    CHECK_FALSE(settings.digest_only);
    CHECK_FALSE(settings.offline);
    CHECK_FALSE(settings.image_paths);
    CHECK_FALSE(settings.results);
  }
}

TEST_CASE("a ConfigMap says all that can be said, in strings") {
  const auto settings = read(config_map(
      R"(skip-prefixes: "gcr.io/a:quay.io", platform: linux/arm64, digest-only: "true", ignore-errors: "false",
  image-path: "spec/steps[]/image", offline: "true", pin-setters: "true", results: warning)"));
  CHECK(settings.skip_prefixes == Strings{"gcr.io/a", "quay.io"});
  CHECK(settings.split_prefix.empty());
  CHECK(settings.platform == "linux/arm64");
  CHECK(settings.digest_only == true);
  CHECK(settings.ignore_errors == false);
  CHECK(settings.offline == true);
  CHECK(settings.pin_setters == true);
  CHECK(settings.results == Severity::warning);
  REQUIRE(settings.image_paths);
  REQUIRE(settings.image_paths->size() == 1);
  CHECK(settings.image_paths->at(0).path == "spec/steps[]/image");
}

TEST_CASE("any other object says it in its spec, with lists") {
  const auto settings =
      read(digester("skip-prefixes: ['127.0.0.1:5000/x', quay.io], digest-only: true, image-path: [{path: "
                    "'spec/a[]/image', kind: K, group: g, version: v1, create: false}, spec/image]"));
  CHECK(settings.skip_prefixes == Strings{"127.0.0.1:5000/x", "quay.io"});
  CHECK(settings.digest_only == true);
  REQUIRE(settings.image_paths->size() == 2);
  CHECK(settings.image_paths->at(0).kind == "K");
  CHECK(settings.image_paths->at(0).group == "g");
  CHECK(settings.image_paths->at(0).version == "v1");
  CHECK(settings.image_paths->at(1).path == "spec/image");
  CHECK(read("apiVersion: fn.example/v1\nkind: Other\nspec: {platform: linux/amd64}\n").platform ==
        "linux/amd64");
}

TEST_CASE("a ConfigMap's image path may be a fieldSpec as text") {
  const auto settings =
      read(config_map(R"(image-path: "- path: spec/a[]/image\n  kind: K\n- spec/image\n")"));
  REQUIRE(settings.image_paths->size() == 2);
  CHECK(settings.image_paths->at(0).kind == "K");
}

TEST_CASE("colons split off ports, and that is noticed") {
  const auto settings = read(config_map("skip-prefixes: '127.0.0.1:5000/x'"));
  CHECK(settings.skip_prefixes == Strings{"127.0.0.1", "5000/x"});
  CHECK(settings.split_prefix == "127.0.0.1");
}

TEST_CASE("what is not for a package to say names the flag") {
  for (const std::string key :
       {"kubeconfig", "insecure-registries", "ca-file", "realm-allow", "redirect-allow"}) {
    CHECK_THAT(
        error_of(config_map(key + ": x")),
        Contains("functionConfig: data." + key + " is not for a package to say") && Contains("--" + key));
    CHECK_THAT(error_of(digester(key + ": x")), Contains("spec." + key));
  }
}

TEST_CASE("offline can only be true") {
  CHECK_THAT(error_of(config_map("offline: 'false'")),
             Contains("data.offline can only be true") && Contains("OFFLINE=false"));
  CHECK_THAT(error_of(digester("offline: false")), Contains("spec.offline can only be true"));
}

TEST_CASE("an unknown key names what there is") {
  CHECK_THAT(error_of(config_map("skip_prefixes: a")),
             Contains("data.skip_prefixes is unknown") && Contains("skip-prefixes, platform"));
}

TEST_CASE("settings in the wrong place") {
  CHECK_THAT(error_of("kind: Digester\nplatform: linux/arm64\n"),
             Contains("\"platform\"") && Contains("stand under spec"));
  CHECK_THAT(error_of("kind: Digester\ndata: {platform: x}\n"), Contains("stand under spec"));
  CHECK_THAT(error_of("apiVersion: v1\nkind: ConfigMap\nspec: {}\n"), Contains("stand under data"));
  CHECK_THAT(error_of("kind: Digester\nspec: [a]\n"), Contains("spec is no mapping"));
  CHECK_THAT(error_of("text\n"), Contains("it is no object"));
}

TEST_CASE("values of the wrong kind") {
  CHECK_THAT(error_of(config_map("digest-only: true")), Contains("data.digest-only is no string"));
  CHECK_THAT(error_of(config_map("platform: [a]")), Contains("is no string"));
  CHECK_THAT(error_of(config_map("platform: ")), Contains("is no string"));
  CHECK_THAT(error_of(digester("platform: ")), Contains("spec.platform has no value"));
  CHECK_THAT(error_of(digester("digest-only: maybe")), Contains("\"maybe\", neither true nor false"));
  CHECK_THAT(error_of(digester("results: all")), Contains("none of error, warning, info"));
  CHECK_THAT(error_of(digester("skip-prefixes: {a: b}")), Contains("neither a list"));
  CHECK_THAT(error_of(digester("skip-prefixes: ['']")), Contains("empty"));
  CHECK_THAT(error_of(digester("image-path: 'a//b'")),
             Contains("spec.image-path is no image path: the image path \"a//b\" has an empty key"));
  CHECK_THAT(error_of(digester("image-path: [{kind: K}]")), Contains("without \"path\""));
  CHECK_THAT(error_of(digester("image-path: [{path: a, kinds: K}]")), Contains("no \"kinds\""));
}

TEST_CASE("a boolean's word that YAML 1.1 alone takes for one needs no quotes in a ConfigMap") {
  CHECK(read(config_map("ignore-errors: yes")).ignore_errors == true);
  CHECK(read(config_map("digest-only: Off, pin-setters: on")).digest_only == false);
  CHECK(read(config_map("offline: on")).offline == true);
  CHECK_THAT(error_of(config_map("ignore-errors: true")), Contains("is no string"));
  CHECK_THAT(error_of(config_map("platform: yes")), Contains("is no string"));
  CHECK_THAT(error_of(config_map("offline: no")), Contains("can only be true"));
}

TEST_CASE("the flag's name where the key has another") {
  CHECK_THAT(error_of(config_map("skip-prefix: quay.io")),
             Contains("data.skip-prefix is called skip-prefixes"));
  CHECK_THAT(error_of(digester("skip-prefix: [quay.io]")),
             Contains("spec.skip-prefix is called skip-prefixes"));
}

TEST_CASE("a key that is there twice") {
  CHECK_THAT(error_of("kind: Digester\nspec: {platform: a, platform: b}\n"), Contains("there twice"));
}

}  // namespace
}  // namespace digester::krm
