// Which values are images, and what is said of each.
#include "manifest/images.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::manifest {
namespace {

using test::images_in;
using test::pod;
using Lines = std::vector<std::string>;
using Catch::Matchers::StartsWith;

TEST_CASE("pod specs are found at four places, in objects of any kind") {
  const std::string spec =
      "{containers: [{name: a, image: i:1}, {image: i:2}], initContainers: [{image: i:3, name: b}],\n"
      " ephemeralContainers: [{name: d, image: i:4}], volumes: [{name: v, image: {reference: i:5, x: y}}, "
      "{name: w}]}\n";
  const auto expected = [](const std::string& at) {
    return Lines{at + "containers[0].image a i:1", at + "containers[1].image i:2",
                 at + "initContainers[0].image b i:3", at + "ephemeralContainers[0].image d i:4",
                 at + "volumes[0].image.reference v i:5"};
  };
  for (const std::string kind : {"Pod", "Unheard", "Rollout"}) {
    const auto head = "apiVersion: x.example/v1\nkind: " + kind + "\n";
    CHECK(images_in(head + "spec: " + spec) == expected("spec."));
    CHECK(images_in(head + "spec: {template: {spec: " + spec + "}}") == expected("spec.template.spec."));
    CHECK(images_in(head + "spec: {jobTemplate: {spec: {template: {spec: " + spec + "}}}}") ==
          expected("spec.jobTemplate.spec.template.spec."));
    CHECK(images_in(head + "template: {spec: " + spec + "}") == expected("template.spec."));
  }
}

TEST_CASE("other places and other shapes are none") {
  CHECK(images_in("image: x:1\n").empty());
  CHECK(images_in("spec: {image: x:1}\n").empty());
  CHECK(images_in("spec: {containers: {image: x:1}}\n").empty());
  CHECK(images_in("spec: {containers: [[{image: x:1}]]}\n").empty());
  CHECK(images_in("data: {spec: {containers: [{image: x:1}]}}\n").empty());
  CHECK(images_in("- spec: {containers: [{image: x:1}]}\n").empty());
  CHECK(
      images_in("? {spec: {containers: [{image: x:1}]}}\n: {spec: {containers: [{image: x:1}]}}\n").empty());
  CHECK(images_in("? [spec]\n: {containers: [{image: x:1}]}\n").empty());
  CHECK(images_in("spec/containers: [{image: x:1}]\n").empty());
  CHECK(images_in("x:1").empty());
  CHECK(images_in("").empty());
  CHECK(images_in("spec: {containers: [{command: ['image: x:1']}, {args: [image, x:1]}]}\n").empty());
  CHECK(images_in("data:\n  x: |\n    spec:\n      containers:\n      - image: x:1\n").empty());
  // Kptfile: kpt pins its functions itself.
  CHECK(images_in("kind: Kptfile\npipeline: {mutators: [{image: x:1}]}\n").empty());
}

TEST_CASE("objects have their names, and documents their numbers") {
  const auto images = find_images(
      "# c\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\n---\n---\n"
      "kind: Pod\nspec: {containers: [{image: x:1}]}\napiVersion: v1\nmetadata:\n  annotations:\n"
      "    config.kubernetes.io/path: old.yaml\n    internal.config.kubernetes.io/path: 'a/b.yaml'\n"
      "    internal.config.kubernetes.io/index: '2'\n    config.kubernetes.io/index: '3'\n  name: p\n",
      test::built_in());
  REQUIRE(images);
  CHECK(images->documents == 3);
  REQUIRE(images->objects.size() == 2);
  const auto& first = images->objects[0];
  CHECK(std::tie(first.api_version, first.kind, first.name, first.namespace_, first.document, first.line) ==
        std::tuple("apps/v1", "Deployment", "d", "n", 0u, 3u));
  const auto& pod = images->objects[1];
  CHECK(std::tie(pod.api_version, pod.kind, pod.name, pod.namespace_, pod.document, pod.line) ==
        std::tuple("v1", "Pod", "p", "", 2u, 8u));
  CHECK(pod.file_path == "a/b.yaml");
  CHECK(pod.file_index == "2");
  REQUIRE(images->fields.size() == 1);
  CHECK(images->fields[0].object == 1);
  CHECK(images->fields[0].line == 9);
}

TEST_CASE("lists' items are objects, also in lists within lists, and when the kind comes last") {
  const auto text =
      "items:\n- kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{image: x:1}]}\n"
      "- items:\n  - spec: {template: {spec: {containers: [{image: x:2}]}}}\n    kind: Job\n  kind: List\n"
      "- kind: ConfigMap\n  items: [{spec: {containers: [{image: no:1}]}}]\n"
      "kind: ResourceList\nfunctionConfig: {spec: {containers: [{image: no:2}]}}\n";
  const auto images = find_images(text, test::built_in());
  REQUIRE(images);
  Lines places;
  for (const auto& object : images->objects)
    places.push_back(object.place + " " + object.kind);
  CHECK(places == Lines{" ResourceList", "items[0] Pod", "items[1] List", "items[1].items[0] Job",
                        "items[2] ConfigMap"});
  CHECK(images_in(text) ==
        Lines{"spec.containers[0].image x:1", "spec.template.spec.containers[0].image x:2"});
  CHECK(images_in("kind: PodList\nitems: [{spec: {containers: [{image: x:1}]}}]\n") ==
        Lines{"spec.containers[0].image x:1"});
  CHECK(images_in("kind: Other\nitems: [{spec: {containers: [{image: x:1}]}}]\n").empty());
}

TEST_CASE("what has a digest is pinned, what is empty is nothing") {
  const auto digest = "@" + test::kWebDigest;
  CHECK(images_in(pod(" x:1" + digest)) == Lines{"spec.containers[0].image c x:1" + digest + " pinned"});
  for (const auto empty :
       {"", " ''", " ' '", " \"\\n \"", " \"\"", " ~", " null", " !!str", " !!null null", " # c"})
    CHECK(images_in(pod(empty)).empty());
  CHECK(images_in("spec: {containers: [{image: {x: y}}, {image: [x]}, {name: n}, null, x]}\n").empty());
}

std::string refusal(std::string_view after_image) {
  const auto images = find_images(pod(after_image), test::built_in()).value();
  if (images.fields.size() != 1 || images.fields[0].state != State::refused) return "not refused";
  return images.fields[0].why.text();
}

TEST_CASE("values that are no strings to YAML are refused with the cure") {
  CHECK(refusal(" 1.10") ==
        "line 6: the image 1.10 is a number to YAML, not text; write it in quotes if it is meant");
  for (const auto number :
       {" 1", " -1", " +1.5", " 1e5", " 1_000", " 0x1F", " 0o17", " .5", " 5.", " .inf", " .NaN", " 1.5e-3"})
    CHECK_THAT(refusal(number), Catch::Contains("is a number to YAML"));
  for (const auto word : {" true", " No", " on", " FALSE"})
    CHECK_THAT(refusal(word), Catch::Contains("is a boolean to YAML"));
  for (const auto text :
       {" 1.2.3", " x1", " '1'", " \"true\"", " 1e", " !!str 1", " 0xg", " e5", " 1:2", " truer", " ."})
    CHECK(refusal(text) == "not refused");
  CHECK_THAT(refusal(" !!int '1'"), StartsWith("line 6: the image \"1\" has the tag tag:yaml.org,2002:int"));
  CHECK_THAT(refusal(" !!binary eDox"), StartsWith("line 6: the image \"eDox\" has the tag"));
}

TEST_CASE("half a digest is refused") {
  CHECK(refusal(" x:1@sha256:12") ==
        "line 6: the image \"x:1@sha256:12\" has an @ and no digest behind it; remove what "
        "follows the tag, or write the whole digest");
}

TEST_CASE("template expressions are left alone with a warning") {
  for (const std::string expression :
       {"'{{ .V }}'", "\"r/{{ .V }}:1\"", "$(params.image)", "r/$(x):1", "${IMAGE}", "$IMAGE", "r/a:$TAG",
        "($image)", "'{{inputs.parameters.i}}'"}) {
    const auto images = find_images(pod(" " + expression), test::built_in()).value();
    REQUIRE(images.fields.size() == 1);
    CHECK(images.fields[0].state == State::expression);
    REQUIRE(images.warnings.size() == 1);
    CHECK_THAT(images.warnings[0].text(),
               StartsWith("line 6: the image \"") && Catch::Contains("is an expression ("));
  }
  // Helm's own source, where it happens to be YAML: nested mappings.
  const auto images = find_images(pod(" {{ .Values.image }}"), test::built_in()).value();
  CHECK(images.fields.empty());
  REQUIRE(images.warnings.size() == 1);
  CHECK(images.warnings[0].text() ==
        "line 6: spec.containers[0].image is a mapping, not text, and is left alone; if {{ makes it a "
        "template, "
        "pin what comes of it");
}

TEST_CASE("a key that is there twice: both images count, and it is told") {
  const std::string text =
      "kind: Pod\nspec:\n  containers:\n  - image: x:1\n    image: x:2\n  containers:\n  - image: x:3\n";
  CHECK(images_in(text) == Lines{"spec.containers[0].image x:1", "spec.containers[0].image x:2",
                                 "spec.containers[0].image x:3"});
  const auto warnings = test::pin(text).warnings;
  CHECK(warnings ==
        Lines{"line 5: the key \"image\" is there twice: readers disagree which of them counts, so both are "
              "looked at; remove one of them",
              "line 6: the key \"containers\" is there twice: readers disagree which of them counts, so both "
              "are looked at; remove one of them"});
  const auto twice = test::pin("kind: Pod\nspec: {containers: [{image: x:1}]}\nkind: Job\n");
  CHECK(twice.remarks ==
        Lines{"line 3: apiVersion or kind is there twice, so that nobody knows what object this is; "
              "remove one of them"});
  CHECK(twice.edits.empty());
}

TEST_CASE("JSON has images too") {
  CHECK(
      images_in(
          R"({"kind":"List","items":[{"kind":"Pod","spec":{"containers":[{"image":"x:1","name":"\ud83d\ude00"}]}}]})") ==
      Lines{"spec.containers[0].image \xF0\x9F\x98\x80 x:1"});
}

TEST_CASE("a byte order mark is not part of the first key") {
  CHECK(find_images("a: 1\n---\n\xEF\xBB\xBFkind: Pod\n", test::built_in()).value().objects[1].kind == "Pod");
}

TEST_CASE("what is no YAML is an error with its line") {
  CHECK_THAT(images_in("a: 1\n\tb: 1\n")[0], StartsWith("error: line 2: a tab"));
  CHECK_THAT(images_in("a: *b\n")[0], StartsWith("error: line 1: the alias *b stands for nothing"));
}

TEST_CASE("deep lists within lists end at a limit, without an error") {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "{kind: List, items: [";
  text += "{spec: {containers: [{image: x:1}]}}";
  for (int i = 0; i < 300; ++i)
    text += "]}";
  CHECK(images_in(text).empty());
}

}  // namespace
}  // namespace digester::manifest
