// How hosts start the function, and whose word counts.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>

#include "app/function_settings.hpp"
#include "cli/function_call.hpp"

using namespace digester;
using Variables = std::map<std::string, std::string>;

namespace {

cli::Environment in(const Variables& variables) {
  return [&variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

std::optional<cli::Action> call(std::vector<const char*> arguments, const Variables& variables = {},
                                bool is_terminal = false) {
  arguments.insert(arguments.begin(), "digester");
  return cli::function_call(static_cast<int>(arguments.size()), arguments.data(), in(variables), is_terminal);
}

cli::FnOptions fn(std::vector<const char*> arguments, const Variables& variables = {}) {
  arguments.insert(arguments.begin(), {"digester", "fn"});
  const auto action = cli::parse(static_cast<int>(arguments.size()), arguments.data(), in(variables));
  if (const auto* exit = std::get_if<cli::Exit>(&action)) FAIL(exit->text);
  return std::get<cli::FnOptions>(action);
}

app::FunctionSettings settings(const cli::FnOptions& options, const std::string& package) {
  return app::settle(options, krm::read_settings(std::string_view(package)).value()).value();
}

const std::string kPackage = R"(
kind: Digester
spec:
  skip-prefixes: [from.package]
  platform: linux/arm64
  digest-only: true
  ignore-errors: true
  offline: true
  results: error
  image-path: spec/package
)";

}  // namespace

TEST_CASE("without arguments it is the function, but for a terminal") {
  CHECK(std::holds_alternative<cli::FnOptions>(call({}).value()));
  CHECK_FALSE(call({}, {}, true));
  CHECK_FALSE(call({"fn"}));
  CHECK_FALSE(call({"digest", "x"}));
  const auto options = std::get<cli::FnOptions>(call({}, {{"SKIP_PREFIXES", "a:b"}}).value());
  CHECK(options.skip->prefixes == "a:b");
  CHECK(std::get<cli::Exit>(call({}, {{"OFFLINE", "maybe"}}).value()).code == 2);
}

TEST_CASE("a legacy plugin of kustomize: its configuration, and none of its arguments") {
  std::string file = "/tmp/digester-test-XXXXXX";
  const int fd = ::mkstemp(file.data());
  REQUIRE(fd >= 0);
  ::close(fd);
  const Variables variables{{"KUSTOMIZE_PLUGIN_CONFIG_STRING", "kind: Digester"}};
  for (const bool is_terminal : {false, true}) {
    const auto called = call({file.c_str(), "--insecure-registries=evil"}, variables, is_terminal);
    REQUIRE(called);
    const auto& options = std::get<cli::FnOptions>(*called);
    CHECK(options.plugin_config == "kind: Digester");
    CHECK(options.registry.insecure_registries.empty());
  }
  CHECK_FALSE(call({file.c_str()}));
  CHECK_FALSE(call({"digest", "x"}, variables));
  ::unlink(file.c_str());
  CHECK_FALSE(call({file.c_str()}, variables));
}

TEST_CASE("nothing given, nothing said") {
  const auto options = fn({});
  CHECK_FALSE(options.skip);
  CHECK_FALSE(options.digest_only);
  CHECK_FALSE(options.offline);
  CHECK_FALSE(options.results);
  const auto defaults = settings(options, "");
  CHECK(defaults.offline);
  CHECK_FALSE(defaults.ignore_errors);
  CHECK(defaults.least_result == krm::Severity::info);
  CHECK(defaults.policy.skip_prefixes.empty());
}

TEST_CASE("the flags and variables of k8s-digester") {
  const auto options = fn({"--skip-prefixes=a:b", "--offline=false", "--kubeconfig", "/k", "--debug"});
  CHECK(options.skip->all() == std::vector<std::string>{"a", "b"});
  CHECK(options.offline == false);
  CHECK(options.kubeconfig == "/k");
  CHECK(options.log_level == Level::debug);
  const auto from_environment = fn({}, {{"OFFLINE", "false"}, {"KUBECONFIG", "/e"}, {"SKIP_PREFIXES", "c"}});
  CHECK(from_environment.offline == false);
  CHECK(from_environment.kubeconfig == "/e");
  CHECK(from_environment.skip->all() == std::vector<std::string>{"c"});
}

TEST_CASE("a package's word counts where nobody else has one") {
  const auto said = settings(fn({}), kPackage);
  CHECK(said.policy.skip_prefixes == std::vector<std::string>{"from.package"});
  CHECK(said.platform->architecture == "arm64");
  CHECK(said.policy.digest_only);
  CHECK(said.ignore_errors);
  CHECK(said.least_result == krm::Severity::error);
  CHECK(said.rules.knows("spec/package"));
}

TEST_CASE("flag before environment before package") {
  const auto options =
      fn({"--skip-prefix=flag", "--platform=linux/amd64", "--digest-only=false", "--ignore-errors=false",
          "--results=info", "--image-path=spec/flag", "--offline=true"},
         {{"SKIP_PREFIXES", "variable"}, {"OFFLINE", "false"}});
  const auto said = settings(options, kPackage);
  CHECK(said.policy.skip_prefixes == std::vector<std::string>{"variable", "flag"});
  CHECK(said.platform->architecture == "amd64");
  CHECK_FALSE(said.policy.digest_only);
  CHECK_FALSE(said.ignore_errors);
  CHECK(said.offline);
  CHECK(said.least_result == krm::Severity::info);
  CHECK(said.rules.knows("spec/flag"));
  CHECK_FALSE(said.rules.knows("spec/package"));
  CHECK_FALSE(settings(fn({}, {{"OFFLINE", "false"}}), kPackage).offline);
  CHECK(settings(fn({}, {{"SKIP_PREFIXES", "variable"}}), kPackage).policy.skip_prefixes ==
        std::vector<std::string>{"variable"});
}

TEST_CASE("a port that colons split off is a warning with a cure") {
  using Catch::Matchers::Contains;
  CHECK_THAT(settings(fn({"--skip-prefixes=127.0.0.1:5000/x"}), "").warnings.at(0),
             Contains("begins with 127.0.0.1") && Contains("--skip-prefix"));
  CHECK_THAT(settings(fn({}), "kind: D\nspec: {skip-prefixes: '127.0.0.1:5000/x'}\n").warnings.at(0),
             Contains("give a list"));
}

TEST_CASE("values that make no sense: wrong usage of a flag, an error of a package") {
  CHECK_FALSE(app::check(fn({"--platform=x"})));
  CHECK_FALSE(app::check(fn({"--image-path=a//b"})));
  CHECK(app::check(fn({})));
  const auto package = krm::read_settings(std::string_view("kind: D\nspec: {platform: x}\n")).value();
  const auto wrong = app::settle(fn({}), package);
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message, Catch::Matchers::StartsWith("functionConfig: platform: "));
}
