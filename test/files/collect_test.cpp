#include "files/collect.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"

using namespace digester;
using Catch::Contains;
using files::collect;

namespace {

using Names = std::vector<std::string>;

// Paths below the directory.
Names paths(const files::Collected& collected, const test::TemporaryDirectory& directory) {
  Names out;
  const auto root = directory.path().string() + "/";
  for (const auto& input : collected.inputs)
    out.push_back(input.path.starts_with(root) ? input.path.substr(root.size()) : input.path);
  return out;
}

files::Collected collect_one(const std::string& name, bool recursive = false) {
  return collect(Names{name}, {recursive});
}

std::string only_trouble(const files::Collected& collected) {
  CHECK(collected.inputs.empty());
  REQUIRE(collected.troubles.size() == 1);
  return collected.troubles.front().error.message;
}

}  // namespace

TEST_CASE("names are taken in their order, whatever they end in", "[files]") {
  const test::TemporaryDirectory directory;
  const auto b = directory.write("b.txt", "x"), a = directory.write("a.yaml", "x");
  const auto collected = collect(Names{b, "-", a});
  CHECK(paths(collected, directory) == Names{"b.txt", "-", "a.yaml"});
  CHECK(collected.inputs[0].named);
  CHECK(collected.troubles.empty());
}

TEST_CASE("of a directory its manifests are taken, sorted, those below only with -R", "[files]") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {"z.yaml", "b.json", "B.yml", "readme.md", "a/y.yaml", "a/deep/x.yaml", "c.yamlx"})
    directory.write(name, "x");
  const auto root = directory.path().string();
  CHECK(paths(collect_one(root), directory) == Names{"B.yml", "b.json", "z.yaml"});
  const auto all = collect_one(root + "/", true);
  CHECK(paths(all, directory) == Names{"B.yml", "a/deep/x.yaml", "a/y.yaml", "b.json", "z.yaml"});
  CHECK(!all.inputs.front().named);
}

TEST_CASE("a file called Kustomization is taken where that is wanted", "[files]") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {"Kustomization", "a.yaml", "below/Kustomization"})
    directory.write(name, "x");
  const Names root{directory.path().string()};
  CHECK(paths(collect(root), directory) == Names{"a.yaml"});
  const auto wanted = collect(root, {.recursive = true, .kustomizations = true});
  CHECK(paths(wanted, directory) == Names{"Kustomization", "a.yaml", "below/Kustomization"});
}

TEST_CASE("hidden files and directories are left out and counted, unless they are named", "[files]") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {".a.yaml", ".git/x.yaml", "b.yaml", ".gitignore"})
    directory.write(name, "x");
  const auto collected = collect_one(directory.path().string(), true);
  CHECK(paths(collected, directory) == Names{"b.yaml"});
  CHECK(collected.left_out.hidden == 2);
  CHECK(paths(collect_one(directory / ".a.yaml"), directory) == Names{".a.yaml"});
}

TEST_CASE("a chart's templates are left out and counted, other directories of the name are not", "[files]") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {"chart/Chart.yaml", "chart/templates/a.yaml", "chart/templates/sub/b.yaml",
                           "chart/templates/notes.txt", "plain/templates/c.yaml"})
    directory.write(name, "x");
  const auto collected = collect_one(directory.path().string(), true);
  CHECK(paths(collected, directory) == Names{"chart/Chart.yaml", "plain/templates/c.yaml"});
  CHECK(collected.left_out.templates == 2);
  CHECK(paths(collect_one(directory / "chart/templates"), directory) == Names{"chart/templates/a.yaml"});
}

TEST_CASE("links to files are followed, a file reached twice counts once", "[files]") {
  const test::TemporaryDirectory directory;
  directory.write("b.yaml", "x");
  directory.write("elsewhere/c.yaml", "x");
  std::filesystem::create_symlink("b.yaml", directory / "a.yaml");
  std::filesystem::create_symlink("elsewhere/c.yaml", directory / "c.yaml");
  std::filesystem::create_hard_link(directory / "b.yaml", directory / "d.yaml");
  CHECK(paths(collect_one(directory.path().string()), directory) == Names{"a.yaml", "c.yaml"});
  CHECK(collect(Names{directory / "b.yaml", directory / "b.yaml"}).inputs.size() == 1);
  const auto twice = collect(Names{directory.path().string(), directory.path().string()});
  CHECK(twice.inputs.size() == 2);
  CHECK(twice.troubles.empty());
}

TEST_CASE("links to directories are left out and counted, so that nothing goes round in a circle",
          "[files]") {
  const test::TemporaryDirectory directory;
  directory.write("a/b.yaml", "x");
  std::filesystem::create_directory_symlink("..", directory / "a/up");
  const auto collected = collect_one(directory.path().string(), true);
  CHECK(paths(collected, directory) == Names{"a/b.yaml"});
  CHECK(collected.left_out.linked_directories == 1);
  CHECK(paths(collect_one(directory / "a/up/a"), directory) == Names{"a/up/a/b.yaml"});
}

TEST_CASE("broken links, circles, pipes and directories named as manifests", "[files]") {
  const test::TemporaryDirectory directory;
  directory.write("fine.yaml", "x");
  std::filesystem::create_symlink("nowhere", directory / "dangling.yaml");
  std::filesystem::create_symlink("round.yaml", directory / "round.yaml");
  std::filesystem::create_symlink("nowhere", directory / "dangling.txt");
  std::filesystem::create_directory(directory / "dir.yaml");
  REQUIRE(::mkfifo((directory / "pipe.yaml").c_str(), 0600) == 0);
  const auto collected = collect_one(directory.path().string());
  CHECK(paths(collected, directory) == Names{"fine.yaml"});
  REQUIRE(collected.troubles.size() == 3);
  CHECK_THAT(collected.troubles[0].error.message, Contains("dangling.yaml: ") && Contains("not there"));
  CHECK_THAT(collected.troubles[1].error.message, Contains("pipe.yaml: ") && Contains("no regular file"));
  CHECK_THAT(collected.troubles[2].error.message, Contains("round.yaml: ") && Contains("circle"));
}

TEST_CASE("a directory without manifests is trouble, with what would help", "[files]") {
  const test::TemporaryDirectory directory;
  directory.write("below/readme.md", "x");
  directory.write("chart/Chart.yml", "x");
  CHECK_THAT(only_trouble(collect_one(directory.path().string())), Contains("no *.yaml") && Contains("-R"));
  CHECK_THAT(only_trouble(collect_one(directory / "below", true)), Contains("is it the right one?"));
  CHECK_THAT(only_trouble(collect_one(directory / "none")), Contains("No such file"));
  CHECK_THAT(only_trouble(collect_one("")), Contains("empty"));
}

TEST_CASE("patterns are expanded, sorted, and must fit something", "[files]") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {"k8s/b.yaml", "k8s/a.yaml", "k8s/c.json", "other/d.yaml", "[odd].yaml"})
    directory.write(name, "x");
  CHECK(paths(collect_one(directory / "k8s/*.yaml"), directory) == Names{"k8s/a.yaml", "k8s/b.yaml"});
  CHECK(paths(collect_one(directory / "*/[ad].yaml"), directory) == Names{"k8s/a.yaml", "other/d.yaml"});
  CHECK(paths(collect_one(directory / "[odd].yaml"), directory) == Names{"[odd].yaml"});
  CHECK(paths(collect_one(directory / "oth*"), directory) == Names{"other/d.yaml"});
  CHECK_THAT(only_trouble(collect_one(directory / "*.yml")), Contains("no file fits the pattern"));
  CHECK_THAT(only_trouble(collect_one(directory / "**/*.yaml")), Contains("-R"));
}

TEST_CASE("standard input is one input", "[files]") {
  const auto collected = collect(Names{"-", "-"});
  CHECK(collected.inputs.size() == 1);
  REQUIRE(collected.troubles.size() == 1);
  CHECK_THAT(collected.troubles.front().error.message, Contains("twice"));
}

TEST_CASE("limits on files and depth end with one line", "[files]") {
  const test::TemporaryDirectory directory;
  for (const auto* name : {"a.yaml", "b.yaml", "c.yaml", "d.yaml", "x/y/z/e.yaml"})
    directory.write(name, "x");
  const auto few = collect(Names{directory.path().string()}, {false, 2});
  CHECK(few.inputs.size() == 2);
  REQUIRE(few.troubles.size() == 1);
  CHECK_THAT(few.troubles.front().error.message, Contains("more than 2 files"));
  const auto shallow = collect(Names{directory.path().string()}, {true, 100, 3});
  REQUIRE(shallow.troubles.size() == 1);
  CHECK_THAT(shallow.troubles.front().error.message, Contains("3 directories deep"));
}
