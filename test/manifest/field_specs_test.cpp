// Image paths in the ways that people write them.
#include "manifest/field_specs.hpp"

#include <catch2/catch.hpp>

namespace digester::manifest {
namespace {

using Catch::Matchers::Contains;

std::string specs_of(std::string_view text) {
  const auto specs = read_field_specs(text);
  if (!specs) return "error: " + specs.error().message;
  std::string out;
  for (const auto& spec : *specs)
    out += spec.path + " " + spec.kind + " " + spec.group + " " + spec.version + ";";
  return out;
}

TEST_CASE("a path, a fieldSpec, lists of them") {
  CHECK(specs_of("spec/steps[]/image") == "spec/steps[]/image   ;");
  CHECK(specs_of("path: spec/steps[]/image\nkind: Task\ngroup: tekton.dev\nversion: v1\ncreate: true\n") ==
        "spec/steps[]/image Task tekton.dev v1;");
  CHECK(specs_of("- spec/a\n- path: spec/b\n  kind: K\n") == "spec/a   ;spec/b K  ;");
  CHECK(specs_of("spec/a[]/image,kind=K,group=g,version=v1") == "spec/a[]/image K g v1;");
  CHECK(specs_of("[]") == "");
}

TEST_CASE("a configuration file of kustomize") {
  CHECK(specs_of(
            "namePrefix:\n- path: metadata/name\nimages:\n- path: spec/runLatest/image\n  kind: Service\n") ==
        "spec/runLatest/image Service  ;");
  CHECK(specs_of("images:\n") == "");
}

TEST_CASE("what is none, with its line") {
  CHECK_THAT(specs_of(""), Contains("error: line 1: "));
  CHECK_THAT(specs_of("kind: K\n"), Contains("line 1: an image path without \"path\""));
  CHECK_THAT(specs_of("- spec/a\n- [b]\n"), Contains("line 2: neither a path"));
  CHECK_THAT(specs_of("path: a\nwhat: b\n"), Contains("line 2:") && Contains("no \"what\""));
  CHECK_THAT(specs_of("path: [a]\n"), Contains("\"path\" is no text"));
  CHECK_THAT(specs_of("- spec/a\n- a//b\n"), Contains("line 2: the image path \"a//b\" has an empty key"));
  CHECK_THAT(specs_of("- a\n- b,kinds=K\n"), Contains("line 2:") && Contains("\"kinds=K\" is none of kind="));
  CHECK_THAT(specs_of("spec/*/image"), Contains("a path has keys, / and [] alone"));
}

}  // namespace
}  // namespace digester::manifest
