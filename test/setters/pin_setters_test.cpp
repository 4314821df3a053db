#include <catch2/catch.hpp>

#include <ctime>

#include "setters/pin_setters.hpp"

namespace digester::setters {
namespace {

const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";
const std::string kOther = "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268";

std::string kptfile(std::string_view data,
                    std::string_view function = "image: gcr.io/kpt-fn/apply-setters:v0.2") {
  return "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: app\npipeline:\n  mutators:\n  - " +
         std::string(function) + "\n" + std::string(data);
}
std::string app(std::string_view image_line) {
  return "kind: Pod\nspec:\n  containers:\n  - image: " + std::string(image_line) + "\n";
}

// The files after pinning, then what was refused.
std::vector<std::string> pinned(const std::vector<std::pair<std::string, std::string>>& package) {
  std::vector<PackageFile> files;
  for (const auto& [path, text] : package)
    files.push_back({path, text});
  const auto pins = find_setter_pins(files);
  if (!pins) return {"error: " + pins.error().message};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < files.size(); ++i)
    out.push_back(pin_setters(i, files[i].text, *pins).value());
  for (const auto& refusal : pins->refusals)
    out.push_back(files[refusal.file].path + ": " + refusal.remark.text());
  return out;
}

TEST_CASE("as many functions and setters as somebody likes cost their number, not its square") {
  std::string functions =
      "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: app\npipeline:\n  mutators:\n";
  std::string fields = "kind: Pod\nspec:\n  containers:\n";
  for (int i = 0; i < 20'000; ++i) {
    const auto number = std::to_string(i);
    functions += "  - image: apply-setters\n    configMap: {s" + number + ": r/web:1}\n";
    fields += "  - image: r/web:1@" + kDigest + " # kpt-set: ${s" + number + "}\n";
  }
  const std::vector<PackageFile> files{{"Kptfile", functions}, {"app.yaml", fields}};
  const auto started = std::clock();
  const auto pins = find_setter_pins(files);
  REQUIRE(pins);
  CHECK(pins->pins.size() == 20'000);
  CHECK(std::clock() - started < 10 * CLOCKS_PER_SEC);
}

TEST_CASE("The value of a setter that is the whole image") {
  const auto field = app("r/web:1.10@" + kDigest + " # kpt-set: ${web}");
  const auto files = pinned(
      {{"app.yaml", field}, {"Kptfile", kptfile("    configMap:\n      web: r/web:1.10 # the release\n")}});
  CHECK(files == std::vector<std::string>{field, kptfile("    configMap:\n      web: r/web:1.10@" + kDigest +
                                                         " # the release\n")});
}

TEST_CASE("A ConfigMap that the function names") {
  const auto field = app("r/web:1.10@" + kDigest + " # kpt-set: ${web}");
  const std::string config = "apiVersion: v1\nkind: ConfigMap\ndata:\n  web: 'r/web:1.10'\n";
  const auto files = pinned({{"p/app.yaml", field},
                             {"p/Kptfile", kptfile("    configPath: conf/setters.yaml\n")},
                             {"p/conf/setters.yaml", config},
                             {"conf/setters.yaml", config}});
  REQUIRE(files.size() == 4);
  CHECK(files[2] == "apiVersion: v1\nkind: ConfigMap\ndata:\n  web: 'r/web:1.10@" + kDigest + "'\n");
  CHECK(files[3] == config);
}

TEST_CASE("Composite comments") {
  const auto kpt =
      kptfile("    configMap:\n      image: r/web\n      tag: \"1.10\"\n      digest: " + kOther + "\n");
  SECTION("with a setter for the digest") {
    const auto files =
        pinned({{"a.yaml", app("r/web:1.10@" + kDigest + " # kpt-set: ${image}:${tag}@${digest}")},
                {"Kptfile", kpt}});
    REQUIRE(files.size() == 2);
    CHECK(files[1] == kptfile("    configMap:\n      image: r/web\n      tag: \"1.10\"\n      digest: " +
                              kDigest + "\n"));
  }
  SECTION("without one") {
    for (const std::string_view comment : {"${image}:${tag}", "r/web:${tag}", "${image}"}) {
      const auto field = app("r/web:1.10@" + kDigest + " # kpt-set: " + std::string(comment));
      const auto files = pinned({{"a.yaml", field}, {"Kptfile", kpt}});
      INFO(comment);
      REQUIRE(files.size() == 3);
      CHECK(files[1] == kpt);
    }
    CHECK(pinned({{"a.yaml", app("r/web:1.10@" + kDigest + " # kpt-set: ${image}:${tag}")},
                  {"Kptfile", kpt}})[2] == "a.yaml: line 4: r/web:1.10@" + kDigest +
                                               " will lose its digest at the next render: the setter comment "
                                               "${image}:${tag} has no setter for it "
                                               "(image is at Kptfile:9); write the comment as "
                                               "${image}:${tag}@${digest}, or use one setter for the "
                                               "whole image");
  }
  SECTION("kpt reads off the field what the Kptfile does not say") {
    const auto own = kptfile("    configMap:\n      image: r/web\n      tag: \"1.10\"\n");
    CHECK(pinned({{"a.yaml", app("r/web:1.10@" + kDigest + " # kpt-set: ${image}:${tag}@${digest}")},
                  {"Kptfile", own}})
              .size() == 2);
  }
}

TEST_CASE("A value that the field does not have yet is not pinned") {
  const auto kpt = kptfile("    configMap:\n      web: r/web:1.11\n");
  const auto files =
      pinned({{"a.yaml", app("r/web:1.10@" + kDigest + " # kpt-set: ${web}")}, {"Kptfile", kpt}});
  REQUIRE(files.size() == 3);
  CHECK(files[1] == kpt);
  CHECK(files[2] ==
        "a.yaml: line 4: the next render writes \"r/web:1.11\" here, the setter web of Kptfile:9, where "
        "r/web:1.10@" +
            kDigest + " stands now; render the package first, then pin it");
}

TEST_CASE("One digest setter for two images is refused") {
  const auto kpt = kptfile("    configMap:\n      digest: \"\"\n");
  const auto files = pinned({{"a.yaml", app("r/web:1@" + kDigest + " # kpt-set: r/web:1@${digest}")},
                             {"b.yaml", app("r/db:1@" + kOther + " # kpt-set: r/db:1@${digest}")},
                             {"Kptfile", kpt}});
  REQUIRE(files.size() == 4);
  CHECK(files[3] == "b.yaml: line 4: the setter digest of Kptfile:9 would have to be " + kOther +
                        " here and " + kDigest + " at a.yaml:4; give each image a setter of its own");
}

TEST_CASE("What nobody writes over is left alone") {
  const auto kpt = kptfile("    configMap:\n      web: r/web:1.10\n");
  const auto pinned_field = app("r/web:1.10@" + kDigest + " # kpt-set: ${web}");
  using Files = std::vector<std::string>;
  // Not pinned; another setter; not below the Kptfile; another function; pinned there already.
  CHECK(pinned({{"a.yaml", app("r/web:1.10 # kpt-set: ${web}")}, {"Kptfile", kpt}})[1] == kpt);
  CHECK(
      pinned({{"a.yaml", app("r/web:1.10@" + kDigest + " # kpt-set: ${x}:${y}")}, {"Kptfile", kpt}}).size() ==
      2);
  CHECK(pinned({{"a.yaml", pinned_field}, {"sub/Kptfile", kpt}}) == Files{pinned_field, kpt});
  const auto labels =
      kptfile("    configMap:\n      web: r/web:1.10\n", "image: gcr.io/kpt-fn/set-labels:v0.2");
  CHECK(pinned({{"a.yaml", pinned_field}, {"Kptfile", labels}}) == Files{pinned_field, labels});
  const auto done = kptfile("    configMap:\n      web: r/web:1.10@" + kDigest + "\n");
  CHECK(pinned({{"a.yaml", pinned_field}, {"Kptfile", done}}) == Files{pinned_field, done});
  CHECK(pinned({{"a.yaml", pinned_field}}) == Files{pinned_field});
  CHECK(pinned({{"a.yaml", "[\n"}}) == Files{"[\n"});
  CHECK(pinned({{"a.yaml", "Kptfile: [\n"}}).front().find("error: a.yaml: line ") == 0);
}

TEST_CASE("Every Kptfile above the field") {
  const auto field = app("r/web:1.10@" + kDigest + " # kpt-set: ${web}");
  const auto kpt = kptfile("    configMap:\n      web: r/web:1.10\n");
  const auto done = kptfile("    configMap:\n      web: r/web:1.10@" + kDigest + "\n");
  CHECK(pinned({{"./p/sub/a.yaml", field}, {"p/sub/Kptfile", kpt}, {"p/Kptfile", kpt}, {"q/Kptfile", kpt}}) ==
        std::vector<std::string>{field, done, done, kpt});
  CHECK(pinned({{"/w/p/a.yaml", field}, {"/w/p/Kptfile", kpt}, {"/w/pp/Kptfile", kpt}}) ==
        std::vector<std::string>{field, done, kpt});
  CHECK(pinned({{"/w/pp/a.yaml", field}, {"/w/p/Kptfile", kpt}}) == std::vector<std::string>{field, kpt});
}

TEST_CASE("A ResourceList is a package by its annotations") {
  const auto list = [](std::string_view value) {
    return "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: Pod\n"
           "  metadata:\n    annotations:\n      internal.config.kubernetes.io/path: 'a.yaml'\n  spec:\n"
           "    containers:\n    - image: r/web:1.10@" +
           kDigest +
           " # kpt-set: ${web}\n"
           "- apiVersion: kpt.dev/v1\n  kind: Kptfile\n  metadata:\n    annotations:\n"
           "      internal.config.kubernetes.io/path: 'Kptfile'\n  pipeline:\n    mutators:\n"
           "    - image: gcr.io/kpt-fn/apply-setters:v0.2\n      configMap: {web: " +
           std::string(value) + "}\n";
  };
  CHECK(pinned({{"", list("r/web:1.10")}}) == std::vector<std::string>{list("r/web:1.10@" + kDigest)});
}

TEST_CASE("Without --pin-setters there is a warning") {
  const auto field = app("r/web:1.10@" + kDigest + " # kpt-set: ${web}");
  const auto kpt = kptfile("    configMap:\n      web: r/web:1.10\n");
  const std::vector<PackageFile> files = {{"a.yaml", field}, {"Kptfile", kpt}};
  const auto warnings = overwrite_warnings(find_setter_pins(files).value(), files);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].file == 0);
  CHECK(warnings[0].remark.text() ==
        "line 4: r/web:1.10@" + kDigest +
            " will be written over at the next render by the setter web (Kptfile:9), "
            "which is \"r/web:1.10\"; pin that too with --pin-setters");
}

}  // namespace
}  // namespace digester::setters
