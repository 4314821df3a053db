#include <catch2/catch.hpp>

#include "setters/create.hpp"

namespace digester::setters {
namespace {

std::vector<Setter> setters(std::initializer_list<std::string_view> texts) {
  std::vector<Setter> out;
  for (const auto text : texts)
    out.push_back(parse_setter(text).value());
  return out;
}

// The new text; after it, warnings a line each; or the error.
std::string made(std::string_view text, std::initializer_list<std::string_view> with) {
  const auto result = create_setters(text, setters(with));
  if (!result) return "error: " + result.error().message;
  auto out = result->text;
  for (const auto& warning : result->warnings)
    out += "! " + warning.text() + "\n";
  return out;
}

TEST_CASE("A setter is name=value") {
  CHECK(parse_setter("tag=a=b") == Setter{"tag", "a=b"});
  CHECK(parse_setter("tag=")->value.empty());
  for (const std::string_view bad : {"tag", "=x", "", "a b=c", "a}=c", "a=b\nc", "a=\xff"})
    CHECK_FALSE(parse_setter(bad));
  CHECK(check_setters(std::vector<Setter>{}).error().message == "no setter is given; write name=value");
  CHECK(check_setters(setters({"a=1", "a=2"})).error().message ==
        "the setter a is given twice; give it one value");
}

TEST_CASE("A comment behind a whole value and behind a part of one") {
  CHECK(made("image: gcr.io/google-containers/echoserver:1.10\n",
             {"echoimage=gcr.io/google-containers/echoserver:1.10"}) ==
        "image: gcr.io/google-containers/echoserver:1.10 # kpt-set: ${echoimage}\n");
  CHECK(made("name: ubuntu-deployment-1\nimage: ubuntu\napp: \"nginx:1.1.2\"\nos:\n  - ubuntu\n  - mac\n",
             {"deploy=ubuntu-deployment", "env=ubuntu", "image=ngnix", "tag=1.1.2"}) ==
        "name: ubuntu-deployment-1 # kpt-set: ${deploy}-1\nimage: ubuntu # kpt-set: ${env}\n"
        "app: \"nginx:1.1.2\" # kpt-set: nginx:${tag}\nos:\n  - ubuntu # kpt-set: ${env}\n  - mac\n");
  CHECK(made("a: foo-dev-bar-us-east-baz\n", {"role=dev", "region=us-east"}) ==
        "a: foo-dev-bar-us-east-baz # kpt-set: foo-${role}-bar-${region}-baz\n");
}

TEST_CASE("The longest value goes first, and a name is no value") {
  CHECK(made("name: nginx-development\nimage: dev\n", {"role=dev", "app=development"}) ==
        "name: nginx-development # kpt-set: nginx-${app}\nimage: dev # kpt-set: ${role}\n");
  CHECK(made("name: nginx-abc-deployment\n", {"app=nginx", "image=nginx-abc"}) ==
        "name: nginx-abc-deployment # kpt-set: ${image}-deployment\n");
  CHECK(made("name: nginx-deployment\n", {"image=nginx", "name=image"}) ==
        "name: nginx-deployment # kpt-set: ${image}-deployment\n");
}

TEST_CASE("Everything else stays as it is written") {
  CHECK(made("\xEF\xBB\xBF# head\r\nimage:   'nginx:1'\r\nother: [a,  b]\r\n...\r\n", {"tag=1"}) ==
        "\xEF\xBB\xBF# head\r\nimage:   'nginx:1' # kpt-set: nginx:${tag}\r\nother: [a,  b]\r\n...\r\n");
  CHECK(made("nginx: x\na: &n nginx\nb: *n\n---\nc: nginx", {"i=nginx"}) ==
        "nginx: x\na: &n nginx # kpt-set: ${i}\nb: *n\n---\nc: nginx # kpt-set: ${i}");
  CHECK(made("a: >-\n  nginx\nb: |\n  nginx\nc: |\n  nginx\n  x\n", {"i=nginx"}) ==
        "a: >- # kpt-set: ${i}\n  nginx\nb: |\n  nginx\nc: |\n  nginx\n  x\n");
  CHECK(made("a: x\n", {"i=nginx"}) == "a: x\n");
}

TEST_CASE("A comment that is there gives way") {
  CHECK(made("a: nginx:2 # kpt-set: ${old}\n", {"tag=2"}) == "a: nginx:2 # kpt-set: nginx:${tag}\n");
  CHECK(made("a: nginx:2   # kpt-set: nginx:${tag}\n", {"tag=2"}) ==
        "a: nginx:2   # kpt-set: nginx:${tag}\n");
  CHECK(made("a: nginx:2  # keep me\n", {"tag=2"}) ==
        "a: nginx:2  # kpt-set: nginx:${tag}\n! line 1: the comment \"# keep me\" made way for the setter; "
        "write it on a line of its own above\n");
}

TEST_CASE("Where a comment has no room there is a warning") {
  CHECK(
      made("labels: {app: web}\nname: web\n", {"app=web"}) ==
      "labels: {app: web}\nname: web # kpt-set: ${app}\n! line 1: labels.app has more behind it on its line, "
      "so there is no room for a setter; write it in block style, a line each\n");
  CHECK(made("a: [\n  web,\n  x, web\n]\n", {"app=web"}) ==
        "a: [\n  web, # kpt-set: ${app}\n  x, web # kpt-set: ${app}\n]\n");
  CHECK(made("{\"a\": \"web\"}", {"app=web"}) ==
        "{\"a\": \"web\"}! line 1: JSON has no comments, so there is no setter; write the file as YAML\n");
  CHECK(made("a: \"web${x\\tb\"\n", {"app=web"}) ==
        "a: \"web${x\\tb\"\n! line 1: a holds what a comment cannot say, so it has no setter; write the "
        "comment "
        "yourself\n");
  CHECK(made("a: web-${x}\n", {"app=web"}).find("! line 1: a holds what a comment cannot say") !=
        std::string::npos);
}

TEST_CASE("A Kptfile and kpt's own annotations are none of it") {
  const std::string_view text =
      "kind: Kptfile\nname: web\n---\nmetadata:\n  annotations:\n    config.kubernetes.io/path: web\n"
      "    internal.config.kubernetes.io/path: web\n    own: web\n";
  CHECK(made(text, {"app=web"}) == std::string(text.substr(0, text.size() - 1)) + " # kpt-set: ${app}\n");
}

TEST_CASE("Lists and empty values are refused") {
  CHECK(made("a: [x]\n", {"env=[x]"}).find("error: the setter env has a list for a value") == 0);
  CHECK(made("a: x\n", {"env="}).find("error: the setter env has no value to look for") == 0);
}

TEST_CASE("What was done is told") {
  const auto result = create_setters("a:\n- nginx:1 # kpt-set: ${x}\n", setters({"tag=1"}));
  REQUIRE(result);
  REQUIRE(result->changes.size() == 1);
  CHECK(result->changes[0] == Change{2, "a[0]", "# kpt-set: ${x}", "# kpt-set: nginx:${tag}"});
}

}  // namespace
}  // namespace digester::setters
