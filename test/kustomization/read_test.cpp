#include <catch2/catch.hpp>

#include "kustomization/kustomization.hpp"

namespace digester::kustomization {
namespace {

std::string error(std::string_view text) {
  const auto file = read(text);
  return file ? "" : file.error().message;
}

TEST_CASE("Entries with their places") {
  const std::string_view text =
      "# overlay\nresources:\n- pod.yaml # the app\n- ../base\ncomponents: [../comp]\n\nimages:\n# pinned by "
      "CI\n"
      "- name: r:5000/web\n  newTag: \"1.10\"\n- {name: db, newName: 'other/db', tagSuffix: -x, digest: "
      "sha256:ab}\n"
      "namePrefix: prod-\n";
  const auto file = read(text);
  REQUIRE(file);
  REQUIRE(file->images.size() == 2);
  const auto& web = file->images[0];
  CHECK(web.name->value == "r:5000/web");
  CHECK(web.new_tag->value == "1.10");
  CHECK(text.substr(web.new_tag->begin, web.new_tag->end - web.new_tag->begin) == "\"1.10\"");
  CHECK(web.line == 9);
  CHECK(web.column == 2);
  CHECK_FALSE(web.flow);
  CHECK(web.result_name() == "r:5000/web");
  const auto& db = file->images[1];
  CHECK(db.flow);
  CHECK(db.result_name() == "other/db");
  CHECK(db.tag_suffix->value == "-x");
  CHECK(db.digest->value == "sha256:ab");
  CHECK(file->images_form == ImagesForm::block);
  CHECK(file->images_column == 0);
  REQUIRE(file->sources.size() == 3);
  CHECK(file->sources[1].path == "../base");
  CHECK(file->sources[2].is_component);
  CHECK_FALSE(file->is_component);
  CHECK(read("kind: Component\nimages: []\n")->is_component);
}

TEST_CASE("What is no kustomization file says where and what helps") {
  CHECK(error("").find("line 1: the file is empty") == 0);
  CHECK(error("- a\n").find("line 1: no kustomization: it is no mapping") == 0);
  CHECK(error("a: 1\n---\nb: 1\n").find("line 2: a kustomization file has one document") == 0);
  CHECK(error("images:\n- name: a\nimages: []\n").find("line 3: images: is there for the second time") == 0);
  CHECK(error("images: {}\n").find("line 1: images: is no list") == 0);
  CHECK(error("images: ~\n").find("line 1: images: is null") == 0);
  CHECK(error("a: &x {name: b}\nimages:\n- *x\n").find("line 3: an entry of images: is no plain mapping") ==
        0);
  CHECK(error("images:\n- &x {name: b}\n").find("line 2: an entry of images: is no plain mapping") == 0);
  CHECK(error("images:\n- <<: {name: b}\n").find("line 2: a merge key") == 0);
  CHECK(error("<<: {images: []}\n").find("line 1: a merge key") == 0);
  CHECK(error("images:\n- newTag: a\n").find("line 2: an entry of images: has no name") == 0);
  CHECK(error("images:\n- name: a\n  name: b\n").find("line 3: name is there for the second time") == 0);
  CHECK(error("images:\n- name: >-\n    a\n").find("line 2: name of an entry of images: is no plain text") ==
        0);
  CHECK(error("images:\n- name: [a]\n").find("line 2: name of an entry") == 0);
  CHECK(error("images: [\n").find("line ") == 0);
}

TEST_CASE("Images in their parts") {
  const auto parts = [](std::string_view image) {
    const auto p = split_image(image);
    return p.name + "|" + p.tag + "|" + p.digest;
  };
  CHECK(parts("nginx") == "nginx||");
  CHECK(parts("r:5000/team/web:1.10") == "r:5000/team/web|1.10|");
  CHECK(parts("r:5000/web") == "r:5000/web||");
  CHECK(parts("r/web:1@sha256:ab") == "r/web|1|sha256:ab");
  CHECK(parts("r:5000/web@sha256:ab") == "r:5000/web||sha256:ab");
}

TEST_CASE("Everything but the images") {
  const auto a = all_but_images("a: 1\nimages:\n- name: x\nb: [images, {images: 2}]\n").value();
  CHECK(a == all_but_images("a: 1\nimages: []\nb: [images, {images: 2}]\n").value());
  CHECK(a == all_but_images("a: 1\nb: [images, {images: 2}]\nimages:\n- name: z\n").value());
  CHECK(a != all_but_images("a: 1\nimages: []\nb: [images, {images: 3}]\n").value());
  CHECK(a != all_but_images("a: 2\nimages: []\nb: [images, {images: 2}]\n").value());
  CHECK(a != all_but_images("a: '1'\nimages: []\nb: [images, {images: 2}]\n").value());
}

}  // namespace
}  // namespace digester::kustomization
