// What a function is handed, recognised.
#include "krm/input.hpp"

#include <catch2/catch.hpp>

namespace digester::krm {
namespace {

using Catch::Matchers::Contains;

Form form_of(std::string_view text) {
  return read_input(text).value().form;
}
std::string error_of(std::string_view text) {
  const auto input = read_input(text);
  return input ? "" : input.error().message;
}

const std::string kHead = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";

TEST_CASE("nothing: no byte, or white space alone") {
  CHECK(form_of("") == Form::nothing);
  CHECK(form_of("\n \r\n") == Form::nothing);
  CHECK(form_of("# a comment\n") == Form::manifests);
  CHECK(form_of("---\n") == Form::manifests);
}

TEST_CASE("a ResourceList in each version, as YAML and as JSON") {
  for (const std::string version : {"v1", "v1beta1", "v1alpha1"}) {
    CHECK(form_of("apiVersion: config.kubernetes.io/" + version + "\nkind: ResourceList\nitems: []\n") ==
          Form::resource_list);
    CHECK(form_of(R"({"kind":"ResourceList","items":[],"apiVersion":"config.kubernetes.io/)" + version +
                  "\"}") == Form::resource_list);
  }
  CHECK(form_of("{kind: 'ResourceList', apiVersion: \"config.kubernetes.io/v1\"}") == Form::resource_list);
  CHECK(form_of("\xEF\xBB\xBF--- # c\n" + kHead + "items: []\n...\n") == Form::resource_list);
}

TEST_CASE("empty documents around it count for nothing") {
  CHECK(form_of("---\n---\n" + kHead + "items: []\n---\n# the end\n---\n") == Form::resource_list);
}

TEST_CASE("a version that nobody knows is an error with a cure") {
  CHECK_THAT(error_of("apiVersion: config.kubernetes.io/v7\nkind: ResourceList\nitems: []\n"),
             Contains("a ResourceList of version v7") && Contains("newer digester"));
}

TEST_CASE("manifests: everything else") {
  CHECK(form_of("kind: Pod\n") == Form::manifests);
  CHECK(form_of("apiVersion: v1\nkind: List\nitems: []\n") == Form::manifests);
  CHECK(form_of("apiVersion: example.com/v1\nkind: ResourceList\nitems: []\n") == Form::manifests);
  CHECK(form_of("kind: ResourceList\nitems: []\n") == Form::manifests);
  CHECK(form_of("- a\n- b\n") == Form::manifests);
  CHECK(form_of("text\n") == Form::manifests);
  CHECK(form_of(R"([{"kind":"Pod"}])") == Form::manifests);
  // As its host's reader has it: a list is only unwrapped where it is all there is.
  CHECK(form_of(kHead + "items: []\n---\nkind: Pod\n") == Form::manifests);
  CHECK(form_of("kind: Pod\n---\n" + kHead + "items: []\n") == Form::manifests);
}

TEST_CASE("items: counted, empty, none, no list") {
  CHECK(read_input(kHead + "items:\n- {kind: Pod}\n- kind: List\n  items: [a, b]\n").value().items == 2);
  CHECK(read_input(kHead + "items: []\n").value().items == 0);
  CHECK(read_input(kHead + "items:\n").value().items == 0);
  CHECK(read_input(kHead).value().items == 0);
  CHECK_THAT(error_of(kHead + "items: {a: b}\n"), Contains("items are no list"));
}

TEST_CASE("a key that is there twice is an error: readers disagree") {
  CHECK_THAT(error_of(kHead + "items: []\nitems:\n- a\n"), Contains("the key \"items\" twice"));
  CHECK_THAT(error_of(kHead + "items: []\nkind: ResourceList\n"), Contains("the key \"kind\" twice"));
}

TEST_CASE("what is not YAML is an error with its line") {
  CHECK_THAT(error_of(kHead + "items: [\n"), Contains("line "));
  CHECK_THAT(error_of(kHead + "items:\n- a: *none\n"), Contains("*none"));
}

TEST_CASE("the configuration is read, aliases followed, and is null where there is none") {
  const auto input =
      read_input(kHead + "items: &x []\nfunctionConfig:\n  kind: ConfigMap\n  data: {a: \"1\", b: *x}\n")
          .value();
  REQUIRE(input.function_config->is_mapping());
  CHECK(input.function_config->find("data")->find("a")->scalar == "1");
  CHECK(input.function_config->find("data")->find("b")->is_sequence());
  CHECK(read_input(kHead).value().function_config->is_null());
}

TEST_CASE("a configuration that cannot be read leaves the list as it is") {
  for (const std::string config : {"{a: 1, a: 2}", "{? [x] : y}", "!odd {a: b}", "[!odd b, {c: d}]"}) {
    const auto input = read_input(kHead + "functionConfig: " + config + "\nitems:\n- a\n").value();
    INFO(config);
    CHECK(input.items == 1);
    CHECK(input.function_config.has_value() == (config[0] == '!'));
  }
}

TEST_CASE("items alone are items") {
  CHECK(is_item("items[0]"));
  CHECK(is_item("items[3].items[1]"));
  CHECK_FALSE(is_item(""));
}

}  // namespace
}  // namespace digester::krm
