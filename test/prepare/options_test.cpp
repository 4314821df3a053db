#include "prepare/options.hpp"

#include <catch2/catch.hpp>

namespace digester::prepare {
namespace {

using Catch::Matchers::StartsWith;

std::string error(const Words& words) {
  const auto options = read_options(words);
  return options ? "" : options.error().message;
}

TEST_CASE("labels are KEY=VALUE, and of one key the last counts") {
  const auto options = read_options({.labels = {"a=1", "example.com/b=x.y_z-1", " a = 2 "}}).value();
  CHECK(options.labels == Labels{{"example.com/b", "x.y_z-1"}, {"a", "2"}});
}

TEST_CASE("what the API server would refuse is refused here, with the cure") {
  CHECK(error({.labels = {"a"}}) == "--label \"a\": write KEY=VALUE");
  CHECK_THAT(error({.labels = {"a="}}), StartsWith("--label \"a=\": no value of a label"));
  CHECK_THAT(error({.labels = {"=a"}}), StartsWith("--label \"=a\": its key"));
  CHECK_THAT(error({.labels = {"Example.com/b=c"}}), StartsWith("--label"));
  CHECK_THAT(error({.labels = {"a=b=c"}}), StartsWith("--label"));
  CHECK_THAT(error({.version = "1.0+build"}), StartsWith("--version \"1.0+build\": no value of a label"));
  CHECK_THAT(error({.app = std::string(64, 'a')}), StartsWith("--app"));
  CHECK_THAT(error({.name_space = "Prod"}), StartsWith("--namespace \"Prod\": no name of a namespace"));
  CHECK_THAT(error({.images = {"A B"}}), StartsWith("--image: "));
  CHECK(error({.app = "web", .version = "1.10", .name_space = "prod-1"}).empty());
}

TEST_CASE("labels that have a flag of their own, and one repository twice") {
  CHECK(error({.labels = {"app.kubernetes.io/version=1"}}) ==
        "--label \"app.kubernetes.io/version=1\": it is set by -v, --version");
  CHECK(error({.labels = {"app.kubernetes.io/managed-by=me"}}) ==
        "--label \"app.kubernetes.io/managed-by=me\": it cannot be set");
  CHECK(error({.images = {"nginx:1", "docker.io/library/nginx:2"}}) ==
        "--image \"docker.io/library/nginx:2\": nginx:1 is of the same repository; name one of them");
}

}  // namespace
}  // namespace digester::prepare
