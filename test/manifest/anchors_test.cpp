// Anchors, aliases, merges.
#include <catch2/catch.hpp>

#include "support.hpp"

namespace digester::manifest {
namespace {

using test::images_in;
using test::pin;
using Lines = std::vector<std::string>;
const std::string kDigest = "@" + test::kWebDigest;

TEST_CASE("an image shared by images alone is pinned once, where it is written") {
  const std::string text =
      "kind: Pod\nspec:\n  initContainers:\n  - {name: a, image: &i x:1}\n  containers:\n  - {image: *i , "
      "name: b}\n  - image: *i\n";
  CHECK(images_in(text) == Lines{"spec.initContainers[0].image a x:1", "spec.containers[0].image b alias x:1",
                                 "spec.containers[1].image alias x:1"});
  const auto pinned = pin(text);
  CHECK(pinned.text == test::replaced(text, "&i x:1", "&i x:1" + kDigest));
  CHECK(pin(pinned.text).edits.empty());
  const auto images = find_images(text, test::built_in()).value();
  CHECK(images.fields[2].line == 7);
  CHECK(images.fields[2].written_line == 4);
  const auto& through = images.fields[1];
  CHECK(text.substr(through.alias_begin, through.alias_end - through.alias_begin) == "*i");
  CHECK(text.substr(through.begin, through.end - through.begin) == "&i x:1");
}

TEST_CASE("an image shared with something else is refused with both lines") {
  const std::string text =
      "kind: Pod\nmetadata:\n  labels: {v: &i x:1}\nspec:\n  containers:\n  - image: *i\n";
  const auto pinned = pin(text);
  CHECK(pinned.text == text);
  CHECK(pinned.remarks ==
        Lines{"line 6: the image \"x:1\" is written on line 3 and used by an anchor on line 3 too, "
              "where it is no image; write the image out here, or name the other place as an image path"});
  // Used elsewhere later; as a key; in another kind of object.
  CHECK(pin("kind: Pod\nspec: {containers: [{image: &i x:1, env: [{value: *i }]}]}\n").remarks.size() == 1);
  CHECK(pin("kind: Pod\nspec: {containers: [{image: &i x:1}], other: {*i : 1}}\n").remarks.size() == 1);
  CHECK(pin("kind: Pod\nspec: {containers: [{image: &i x:1}], image: *i }\n").remarks.size() == 1);
  // The other place can be named.
  const FieldSpec spec{"spec/image"};
  CHECK(pin("kind: Pod\nspec: {containers: [{image: &i x:1}], image: *i }\n", Rules::make({&spec, 1}).value())
            .remarks.empty());
}

TEST_CASE("an anchor that nothing refers to changes nothing") {
  CHECK(pin("kind: Pod\nspec: &s {containers: &c [&d {image: &i x:1}]}\n").text ==
        "kind: Pod\nspec: &s {containers: &c [&d {image: &i x:1" + kDigest + "}]}\n");
}

TEST_CASE("the latest anchor of a name counts, in its own document") {
  const std::string text =
      "kind: Pod\nspec: {containers: [{image: &i x:1}, {image: *i }, {image: &i x:2}, {image: *i }]}\n---\n"
      "kind: Pod\nmetadata: {name: &i p}\nspec: {containers: [{image: x:3}]}\n";
  const auto pinned = pin(text);
  CHECK(pinned.remarks.empty());
  CHECK(test::without_digests(pinned.text) == text);
  CHECK(pinned.text.size() == text.size() + 3 * kDigest.size());
}

TEST_CASE("containers that are shared as a whole") {
  const std::string text =
      "kind: List\nitems:\n- kind: Pod\n  spec:\n    containers: &c\n    - name: n\n      image: x:1\n"
      "- kind: Pod\n  spec: {containers: *c }\n";
  CHECK(images_in(text) == Lines{"spec.containers[0].image n x:1", "spec.containers[0].image n alias x:1"});
  CHECK(pin(text).text == test::replaced(text, "x:1", "x:1" + kDigest));
  CHECK(pin("x: &c [{image: x:1}]\nspec: {containers: *c }\n").remarks.size() == 1);
}

TEST_CASE("merges bring images") {
  const std::string text =
      "kind: Pod\nspec:\n  containers:\n  - &b\n    name: a\n    image: x:1\n  - <<: *b\n    name: b\n  - "
      "name: c\n    <<: [*b]\n";
  CHECK(images_in(text) == Lines{"spec.containers[0].image a x:1", "spec.containers[1].image b alias x:1",
                                 "spec.containers[2].image c alias x:1"});
  CHECK(pin(text).text == test::replaced(text, "x:1", "x:1" + kDigest));
  CHECK(images_in("kind: Pod\nspec: {containers: [{<<: {image: x:1, name: m}}]}\n") ==
        Lines{"spec.containers[0].image m x:1"});
  // In quotes it is a key like any other.
  CHECK(images_in("kind: Pod\nspec: {containers: [{'<<': {image: x:1}}]}\n").empty());
}

TEST_CASE("an image beside a merge that brings another: both are pinned, or it is refused") {
  const std::string both =
      "kind: Pod\nspec:\n  containers:\n  - &b {image: x:1}\n  - <<: *b\n    image: x:2\n";
  const auto pinned = pin(both);
  CHECK(pinned.remarks.empty());
  CHECK(pinned.text == test::replaced(test::replaced(both, "x:1", "x:1" + kDigest), "x:2", "x:2" + kDigest));
  const std::string elsewhere =
      "kind: Pod\nx: &b {image: x:1}\nspec:\n  containers:\n  - <<: *b\n    image: x:2\n";
  CHECK(pin(elsewhere).remarks.size() == 1);
}

TEST_CASE("what a merge brings does not hide the object's own kind and names") {
  const auto images = find_images(
      "b: &b {kind: Other, apiVersion: o/v1}\nkind: Pod\napiVersion: v1\n<<: *b\n", test::built_in());
  CHECK(images->objects[0].kind == "Pod");
  CHECK(images->objects[0].api_version == "v1");
  const auto merged = find_images(
      "<<: {kind: Pod, metadata: {name: n}}\nspec: {containers: [{image: x:1}]}\n", test::built_in());
  CHECK(merged->objects[0].kind == "Pod");
  CHECK(merged->objects[0].name == "n");
}

TEST_CASE("cycles and bombs end with one line") {
  CHECK(images_in("kind: Pod\nspec: &s\n  containers: [{image: x:1}, *s ]\n") ==
        Lines{"error: line 3: the alias *s is part of what it stands for"});
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 10; ++j)
      bomb += fmt::format("*a{} ,", i - 1);
    bomb += "]\n";
  }
  CHECK_THAT(images_in(bomb)[0], Catch::Contains("stand for more than 1000000 nodes"));
}

}  // namespace
}  // namespace digester::manifest
