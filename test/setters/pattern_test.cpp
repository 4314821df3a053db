#include <catch2/catch.hpp>

#include "setters/pattern.hpp"

namespace digester::setters {
namespace {

// "name=value" of each setter, or "no" if the value is not of the form.
std::string match(std::string_view text, std::string_view value) {
  const Pattern pattern(text);
  const auto captures = pattern.match(value);
  if (!captures) return "no";
  std::string out;
  for (const auto& capture : *captures) {
    if (!out.empty()) out += ' ';
    out += std::string(capture.name) + '=' +
           std::string(value.substr(capture.begin, capture.end - capture.begin));
  }
  return out;
}

TEST_CASE("A comment is a pattern if it begins exactly as kpt writes it") {
  CHECK(Pattern::of_comment("# kpt-set: ${image}")->text() == "${image}");
  CHECK(Pattern::of_comment("# kpt-set:   ${image} ")->text() == "${image}");
  CHECK(Pattern::of_comment("# kpt-set: nginx")->has_setters() == false);
  for (const std::string_view other :
       {"#kpt-set: ${image}", "#  kpt-set: ${image}", "# kpt-set:${image}",
        "# kpt-set: ", "# kpt-set ${image}", "# from-param: ${image}", "# see # kpt-set: ${image}"})
    CHECK_FALSE(Pattern::of_comment(other));
}

TEST_CASE("Parts of a pattern") {
  const Pattern pattern("a-${image}:${ tag }-${open");
  REQUIRE(pattern.parts().size() == 5);
  CHECK(pattern.parts()[0].text == "a-");
  CHECK(pattern.parts()[1].is_setter);
  CHECK(pattern.parts()[3].text == "tag");
  CHECK(pattern.parts()[4].text == "-${open");
  CHECK_FALSE(pattern.parts()[4].is_setter);
  CHECK(pattern.has("image"));
  CHECK_FALSE(pattern.has("a-"));
  CHECK_FALSE(pattern.is_single());
  CHECK(Pattern("${x}").is_single());
}

TEST_CASE("Values are read off greedily, as apply-setters reads them") {
  CHECK(match("${image}:${tag}", "nginx:1.7.9") == "image=nginx tag=1.7.9");
  CHECK(match("foo-${environment}-bar-${region}-baz", "foo-dev-bar-us-east-1-baz") ==
        "environment=dev region=us-east-1");
  CHECK(match("${registry}/${app~!@#$%^&*()<>?:\"|}/${name}:${tag}", "ghcr.io/my-app/my-app-backend:1.0.0") ==
        "registry=ghcr.io app~!@#$%^&*()<>?:\"|=my-app name=my-app-backend tag=1.0.0");
  CHECK(match("my-app-layer.${stage}.${domain}.${tld}", "my-app-layer.dev.example.com") ==
        "stage=dev domain=example tld=com");
  CHECK(match("${a}-${b}", "x-y-z") == "a=x-y b=z");
  CHECK(match("${image}:${tag}", "r:5000/e:1.10") == "image=r:5000/e tag=1.10");
  CHECK(match("${whole}", "r/e:1.10@sha256:abc") == "whole=r/e:1.10@sha256:abc");
  CHECK(match("${image}:${tag}@${digest}", "r/e:1.10@sha256:abc") == "image=r/e tag=1.10 digest=sha256:abc");
  CHECK(match("${image}:${tag}", "r/e:1.10@sha256:abc") == "image=r/e:1.10@sha256 tag=abc");
}

TEST_CASE("What is not of the form gives nothing") {
  CHECK(match("${image}:${tag}", "irrelevant_value") == "no");
  CHECK(match("${image}${tag}", "nginx:1.2") == "no");
  CHECK(match("${project-id}/${image}${tag}", "my-project/nginx:1.2") == "no");
  CHECK(match("${image}:${tag}", ":1.2") == "no");
  CHECK(match("${image}:${tag}", "nginx:") == "no");
  CHECK(match("nginx:${tag}", "foo/nginx:1.2") == "no");
  CHECK(match("${tag}-x", "1.2-x-y") == "no");
  CHECK(match("${a}-${a}", "x-y") == "no");
  CHECK(match("${a}-${a}", "x-x") == "a=x a=x");
  CHECK(match("nginx", "nginx") == "");
  CHECK(match("nginx", "nginx2") == "no");
  CHECK(match("aba${x}", "ab") == "no");
  CHECK(match("ab${x}ba", "aba") == "no");
}

TEST_CASE("A match that divides a digest is seen") {
  const std::string_view pinned = "r/e:1.10@sha256:abc";
  const auto cut = [&](std::string_view pattern) {
    return cuts_digest(*Pattern(pattern).match(pinned), pinned);
  };
  CHECK(cut("${image}:${tag}"));
  CHECK(cut("${image}:${hex}"));
  CHECK_FALSE(cut("${image}"));
  CHECK_FALSE(cut("${image}@${digest}"));
  CHECK_FALSE(cut("${image}:${tag}@${digest}"));
  CHECK_FALSE(cut("r/e:${tag}"));
  const Pattern pattern("${image}@${digest}");
  CHECK(digest_setter(*pattern.match(pinned), pinned) == "digest");
  CHECK_FALSE(digest_setter(*Pattern("r/e:${tag}").match(pinned), pinned));
  CHECK_FALSE(digest_setter(*Pattern("${image}").match("r/e:1.10"), "r/e:1.10"));
}

TEST_CASE("Filling names what is missing, once") {
  std::vector<std::string> missing;
  const auto out = Pattern("${a}:${b}-${c}${c}")
                       .fill(
                           [](std::string_view name) -> std::optional<std::string_view> {
                             if (name == "a") return "${b}";
                             return std::nullopt;
                           },
                           missing);
  CHECK(out == "${b}:-");
  CHECK(missing == std::vector<std::string>{"b", "c"});
}

}  // namespace
}  // namespace digester::setters
