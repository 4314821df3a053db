#include <catch2/catch.hpp>

#include "base/text.hpp"
#include "setters/apply.hpp"

namespace digester::setters {
namespace {

const std::string kDigest = "sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098";

std::string applied(std::string_view text, std::initializer_list<std::string_view> with) {
  std::vector<Setter> setters;
  for (const auto one : with)
    setters.push_back(parse_setter(one).value());
  const auto result = apply_setters(text, setters);
  if (!result) return "error: " + result.error().message;
  auto out = result->text;
  for (const auto& warning : result->warnings)
    out += "! " + warning.text() + "\n";
  return out;
}

TEST_CASE("A setter of the whole value") {
  CHECK(applied("image: gcr.io/g/echoserver:1.10 # kpt-set: ${echoimage}\n",
                {"echoimage=gcr.io/g/echoserver:1.10@" + kDigest}) ==
        "image: gcr.io/g/echoserver:1.10@" + kDigest + " # kpt-set: ${echoimage}\n");
  CHECK(
      applied(
          "a: x # kpt-set: ${app}\nb: x\nc: x # ${app}\nd: x # kpt-set: ${other}\n---\n- y # kpt-set: ${app}",
          {"app=z"}) ==
      "a: z # kpt-set: ${app}\nb: x\nc: x # ${app}\nd: x # kpt-set: ${other}\n---\n- z # kpt-set: ${app}");
}

TEST_CASE("What is not given is read off the value") {
  CHECK(applied("image: nginx:1.7.9 # kpt-set: ${image}:${tag}", {"image=ubuntu"}) ==
        "image: ubuntu:1.7.9 # kpt-set: ${image}:${tag}");
  CHECK(applied("image: nginx:1.7.9 # kpt-set: ${image}:${tag}", {"image=ubuntu", "tag=1.8.0"}) ==
        "image: ubuntu:1.8.0 # kpt-set: ${image}:${tag}");
  CHECK(applied("host: my-app-layer.dev.example.com # kpt-set: my-app-layer.${stage}.${domain}.${tld}\n",
                {"domain=demo", "tld=io"}) ==
        "host: my-app-layer.dev.demo.io # kpt-set: my-app-layer.${stage}.${domain}.${tld}\n");
  CHECK(applied("- irrelevant_value # kpt-set: ${image}:${tag}\n", {"image=ubuntu"}) ==
        "error: line 1: irrelevant_value is not of the form ${image}:${tag}, so that tag cannot be read off "
        "it; "
        "give tag=VALUE too");
  CHECK(applied("- irrelevant_value # kpt-set: ${image}:${tag}\n", {"image=ubuntu", "tag=1"}) ==
        "- ubuntu:1 # kpt-set: ${image}:${tag}\n");
}

TEST_CASE("A match that would cut a digest in two is refused") {
  const auto text = "a: b\nimage: r/e:1.10@" + kDigest + " # kpt-set: ${image}:${tag}\n";
  CHECK(applied(text, {"tag=1.11"}) ==
        "error: line 2: the setter comment ${image}:${tag} cuts the digest of r/e:1.10@" + kDigest +
            " in two: image would be \"r/e:1.10@sha256\", tag would be \"" + kDigest.substr(7) +
            "\"; write the comment as ${image}:${tag}@${digest}, or use one setter for the whole image");
  CHECK(applied("image: r/e:1.10@sha256:abc # kpt-set: ${image}:${tag}\n", {"tag=1.11"})
            .find("error: line 1") == 0);
  // What it names may be anything, and many.
  const auto odd = applied(
      "image: a:b:c:d:e@" + kDigest + " # kpt-set: ${a}:${b}:${\xEF\xBB\xBF}:${d}:${e}:${f}\n", {"f=1"});
  CHECK_THAT(odd, Catch::Contains("\\u{feff} would be \"c\", d would be \"d\", and so on; write"));
  CHECK(text::printable(odd, odd.size()) == odd);
  // All of it given: nothing is read off.
  CHECK(applied(text, {"tag=1.11", "image=r/e"}) ==
        "a: b\nimage: r/e:1.11 # kpt-set: ${image}:${tag}\n! line 2: r/e:1.10@" + kDigest +
            " lost its digest and became r/e:1.11; pin it anew: digester resolve -i\n");
}

TEST_CASE("A digest with a setter of its own") {
  const auto other = "sha256:" + std::string(64, 'a');
  const auto text = "image: r/e:1.10@" + kDigest + " # kpt-set: ${image}:${tag}@${digest}\n";
  CHECK(applied(text, {"tag=1.11", "digest=" + other}) ==
        "image: r/e:1.11@" + other + " # kpt-set: ${image}:${tag}@${digest}\n");
  CHECK(applied(text, {"tag=1.11"}) == "image: r/e:1.11@" + kDigest +
                                           " # kpt-set: ${image}:${tag}@${digest}\n! line 1: r/e:1.11@" +
                                           kDigest + " has the digest of r/e:1.10@" + kDigest +
                                           " still: what runs is as before; set the digest too\n");
}

TEST_CASE("Styles are kept, all else too") {
  CHECK(applied("\xEF\xBB\xBF"
                "a:  'x y'   # kpt-set: ${a}\r\nb: \"x\\ty\" # kpt-set: ${b}\r\n# end\r\n",
                {"a=it's", "b=q\"\\"}) ==
        "\xEF\xBB\xBF"
        "a:  'it''s'   # kpt-set: ${a}\r\nb: \"q\\\"\\\\\" # kpt-set: ${b}\r\n# end\r\n");
  CHECK(applied("a: >- # kpt-set: ${a}\n    x\n\nb: |2+ # kpt-set: ${b}\n   y\n\nc: 1\n", {"a=z z"}) ==
        "a: >- # kpt-set: ${a}\n    z z\n\nb: |2+ # kpt-set: ${b}\n   y\n\nc: 1\n");
  CHECK(applied("a: | # kpt-set: ${a}\n  x\nb: 1\n", {"a=y"}) == "a: | # kpt-set: ${a}\n  y\nb: 1\n");
  CHECK(applied("a: | # kpt-set: ${a}\n  x\n  y\n", {"a=y"})
            .find("error: line 1: a block scalar of several lines") == 0);
  CHECK(applied("a: &x !!str v # kpt-set: ${a}\nb: *x\n", {"a=w"}) ==
        "a: &x !!str w # kpt-set: ${a}\nb: *x\n");
  CHECK(applied("a: one\n  two # kpt-set: ${a}\nb: 1\n", {"a=w"}) == "a: w # kpt-set: ${a}\nb: 1\n");
  CHECK(applied("a: [\n  x, # kpt-set: ${a}\n  y\n]\n", {"a=w"}) == "a: [\n  w, # kpt-set: ${a}\n  y\n]\n");
}

TEST_CASE("A value that cannot stand plainly is quoted") {
  for (const std::string_view value : {"", " x", "x ", "a: b", "a #b", "#a", "- a", "*a", "&a", "!a", "@a",
                                       "%a", "[a]", "{a}", "'a", "a:", "---", "?", "-"}) {
    INFO(value);
    const auto set = "a=" + std::string(value);
    CHECK(applied("a: x # kpt-set: ${a}\n", {set}) == "a: \"" + std::string(value) + "\" # kpt-set: ${a}\n");
  }
  CHECK(applied("a: [\n  x # kpt-set: ${a}\n]\n", {"a=b,c"}) == "a: [\n  \"b,c\" # kpt-set: ${a}\n]\n");
  CHECK(applied("a: [\n  x # kpt-set: ${a}\n]\n", {"a=-b"}) == "a: [\n  \"-b\" # kpt-set: ${a}\n]\n");
  CHECK(applied("a: x # kpt-set: ${a}\n", {"a=-b"}) == "a: -b # kpt-set: ${a}\n");
  CHECK(applied("a: x # kpt-set: ${a}\n", {"a=:1.7.1"}) == "a: :1.7.1 # kpt-set: ${a}\n");
  CHECK(applied("a: \"\" # kpt-set: ${a}\n", {"a=y"}) == "a: \"y\" # kpt-set: ${a}\n");
}

TEST_CASE("Plain text that becomes a number stays plain, with a warning") {
  CHECK(applied("a: v1 # kpt-set: ${a}\n", {"a=1.10"}) ==
        "a: 1.10 # kpt-set: ${a}\n! line 1: 1.10 is no text to YAML, where text stood; write the value in "
        "quotes "
        "if text is meant\n");
  CHECK(applied("a: 3 # kpt-set: ${a}\n", {"a=4"}) == "a: 4 # kpt-set: ${a}\n");
  CHECK(applied("a: \"v1\" # kpt-set: ${a}\n", {"a=1.10"}) == "a: \"1.10\" # kpt-set: ${a}\n");
}

TEST_CASE("Lists are refused if a given setter stands there") {
  const std::string_view text =
      "env: # kpt-set: ${env}\n- x\nroles: [] # kpt-set: ${roles}\na: b # kpt-set: ${a}\n";
  CHECK(applied(text, {"env=[y]"}) ==
        "error: line 2: env is a list with the setter ${env}, which is not supported; apply it with kpt's "
        "apply-setters");
  CHECK(applied(text, {"roles=[y]"}).find("error: line 3: roles is a list") == 0);
  CHECK(applied(text, {"a=c"}).find("a: c # kpt-set: ${a}\n") != std::string::npos);
}

TEST_CASE("Values are not filled in again") {
  CHECK(applied("a: x-y # kpt-set: ${a}-${b}\n", {"a=${b}", "b=z"}) == "a: ${b}-z # kpt-set: ${a}-${b}\n");
}

TEST_CASE("Nothing to set leaves the text as it is") {
  CHECK(applied("a: x # kpt-set: ${a}\n", {"b=y"}) == "a: x # kpt-set: ${a}\n");
  CHECK(applied("a: x # kpt-set: ${a}\n", {"a=x"}) == "a: x # kpt-set: ${a}\n");
  CHECK(applied("a: [\n", {"a=x"}).find("error: line ") == 0);
}

}  // namespace
}  // namespace digester::setters
