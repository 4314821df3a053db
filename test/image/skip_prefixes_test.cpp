#include "image/skip_prefixes.hpp"

#include <catch2/catch.hpp>

namespace digester::image {
namespace {

TEST_CASE("prefixes are split at colons and empty ones are dropped") {
  CHECK(split_prefixes("").empty());
  CHECK(split_prefixes(":: :").empty());
  CHECK(split_prefixes("gcr.io/a:registry.k8s.io/") ==
        std::vector<std::string>{"gcr.io/a", "registry.k8s.io/"});
  CHECK(split_prefixes(":gcr.io/ : b:") == std::vector<std::string>{"gcr.io/", "b"});
}

TEST_CASE("a port among them is found by the host before it") {
  CHECK(split_port("127.0.0.1:5000/team") == "127.0.0.1");
  CHECK(split_port("a/b:registry:443/x") == "registry");
  CHECK(split_port("gcr.io/a:5000images/").empty());
  CHECK(split_port("gcr.io/a:quay.io").empty());
}

TEST_CASE("an image is compared as it is written") {
  const std::vector<std::string> prefixes{"gcr.io/", "127.0.0.1:5000/a"};
  CHECK(starts_with_any("gcr.io/x:1", prefixes));
  CHECK(starts_with_any("127.0.0.1:5000/ab", prefixes));
  CHECK_FALSE(starts_with_any("docker.io/gcr.io/x", prefixes));
  CHECK_FALSE(starts_with_any("x", {}));
}

}  // namespace
}  // namespace digester::image
