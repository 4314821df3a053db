// `--platform` on the command line.
#include <catch2/catch.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kGet = "GET " + kManifest;
const std::string kImage = "registry.example.com/app:1";
const std::string kChildDigest = sha256_of(kImageBody);
const std::string kChildGet = "GET " + kRegistry + "/v2/app/manifests/" + kChildDigest;
const std::string kIndexBody =
    R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
    kChildDigest + R"(","platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]})";

Result<image::Digest> find(World& world, const std::string& image, const std::string& platform) {
  return run(world.io, world.lookup->find_platform(
                           image::Reference::parse(image).value(), Credential::anonymous(),
                           registry::protocol::Platform::parse(platform).value(), world.clock.now() + 10s));
}

}  // namespace

TEST_CASE("the platform's child is answered, after its bytes were checked") {
  World world;
  world.http.on(kGet, body(kIndexBody, kIndexType));
  world.http.on(kChildGet, body(kImageBody));
  CHECK(find(world, kImage, "linux/arm64")->str() == kChildDigest);
  CHECK(find(world, kImage, "linux/arm64/v8")->str() == kChildDigest);

  world.http.on(kChildGet, body(kImageBody + " "));
  CHECK(find(world, kImage, "linux/arm64").error().kind == ErrorKind::protocol);
  world.http.on(kChildGet, response(404));
  CHECK(find(world, kImage, "linux/arm64").error().kind == ErrorKind::not_found);
}

TEST_CASE("a platform that is not there is named, and those that are") {
  World world;
  world.http.on(kGet, body(kIndexBody, kIndexType));
  const auto error = find(world, kImage, "linux/s390x").error();
  CHECK(error.kind == ErrorKind::not_found);
  CHECK(error.message ==
        kImage + ": registry.example.com: the image is not there for linux/s390x, only for linux/arm64/v8");
}

TEST_CASE("a tag that is no index is answered with its own digest") {
  World world;
  world.http.on(kGet, body(kImageBody));
  CHECK(find(world, kImage, "linux/amd64")->str() == kChildDigest);
}

TEST_CASE("an image named by digest must have these very bytes") {
  World world;
  const auto digest = sha256_of(kIndexBody);
  world.http.on("GET " + kRegistry + "/v2/app/manifests/" + digest, body(kIndexBody, kIndexType));
  world.http.on(kChildGet, body(kImageBody));
  CHECK(find(world, "registry.example.com/app@" + digest, "linux/arm64")->str() == kChildDigest);
  world.http.on("GET " + kRegistry + "/v2/app/manifests/" + digest, body(kImageBody));
  CHECK(find(world, "registry.example.com/app@" + digest, "linux/arm64").error().kind == ErrorKind::protocol);
}

TEST_CASE("an index that names a child by nonsense is refused") {
  World world;
  world.http.on(kGet, body(R"({"schemaVersion":2,"manifests":[{"digest":"sha256:../../x"}]})", kIndexType));
  CHECK(find(world, kImage, "linux/amd64").error().kind == ErrorKind::protocol);
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("credentials are used for the index and for the child") {
  World world;
  const auto guarded = [](const std::string& text) {
    return [text](const net::Request& request) {
      return Result<net::Response>(authorization(request) == "Bearer t" ? body(text) : bearer());
    };
  };
  world.http.on(kGet, guarded(kIndexBody));
  world.http.on(kChildGet, guarded(kImageBody));
  world.http.on("GET " + kAuth, token("t"));
  CHECK(find(world, kImage, "linux/arm64"));
  CHECK(world.http.requests.size() == 4);
}
