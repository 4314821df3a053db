// The flags of resolve and check.
#include <catch2/catch.hpp>

#include "cli/options.hpp"

using namespace digester;
using Catch::Contains;

namespace {

cli::Action parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "digester");
  return cli::parse(static_cast<int>(arguments.size()), arguments.data(),
                    [](std::string_view) -> std::optional<std::string> { return std::nullopt; });
}

template <typename Options>
Options options(std::vector<const char*> arguments) {
  const auto action = parse(std::move(arguments));
  if (const auto* exit = std::get_if<cli::Exit>(&action)) FAIL(exit->text);
  return std::get<Options>(action);
}

std::string usage_error(std::vector<const char*> arguments) {
  const auto action = parse(std::move(arguments));
  const auto* exit = std::get_if<cli::Exit>(&action);
  REQUIRE(exit);
  CHECK(exit->code == 2);
  return exit->text;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("resolve takes files as arguments and by -f") {
  const auto o = options<cli::ResolveOptions>({"resolve", "a.yaml", "-f", "b", "-f", "-", "-R", "--diff"});
  CHECK(o.files == Names{"a.yaml", "b", "-"});
  CHECK(o.recursive);
  CHECK(o.diff);
  CHECK(!o.in_place);
  CHECK(o.log_level == Level::warn);
}

TEST_CASE("resolve's -k, reports and places of images") {
  const auto o = options<cli::ResolveOptions>(
      {"resolve", "-k", "prod", "--report", "r.sarif", "--report-format", "sarif", "--image-path",
       "spec/a,kind=A", "--image-config", "c.yaml", "--keep-going", "--ignore-errors", "-v"});
  CHECK(o.kustomization == "prod");
  CHECK(o.report == "r.sarif");
  CHECK(o.report_format == "sarif");
  CHECK(o.image_paths == Names{"spec/a,kind=A"});
  CHECK(o.image_configs == Names{"c.yaml"});
  CHECK(o.keep_going);
  CHECK(o.ignore_errors);
  CHECK(o.log_level == Level::debug);
}

TEST_CASE("resolve refuses what does not go together") {
  CHECK_THAT(usage_error({"resolve"}), Contains("no manifest is named"));
  CHECK_THAT(usage_error({"resolve", "-i", "--diff", "a"}), Contains("-i and --diff"));
  CHECK_THAT(usage_error({"resolve", "-i", "-f", "-"}), Contains("-i needs files"));
  CHECK_THAT(usage_error({"resolve", "-i", "-k", "d"}), Contains("-i needs files"));
  CHECK_THAT(usage_error({"resolve", "-k", "d", "a"}), Contains("-k stands alone"));
  CHECK_THAT(usage_error({"resolve", "a", "--report-format", "json"}), Contains("needs --report FILE"));
  CHECK_THAT(usage_error({"resolve", "a", "--report", "-"}), Contains("standard output"));
  CHECK_THAT(usage_error({"resolve", "a", "--report", "r", "--report-format", "xml"}), Contains("xml"));
  CHECK_THAT(usage_error({"resolve", "a", "--pin-setters"}), Contains("--pin-setters needs -i or --diff"));
  CHECK(options<cli::ResolveOptions>({"resolve", "-i", "a", "--report", "-"}).in_place);
}

TEST_CASE("check takes what resolve takes, and --fresh") {
  const auto o = options<cli::CheckOptions>({"check", "--fresh", "-R", "k8s", "--report-format", "github"});
  CHECK(o.fresh);
  CHECK(o.files == Names{"k8s"});
  CHECK(o.report_format == "github");
  CHECK_THAT(usage_error({"check"}), Contains("no manifest is named"));
  CHECK_THAT(usage_error({"check", "--fresh", "--offline", "a"}), Contains("--fresh"));
}
