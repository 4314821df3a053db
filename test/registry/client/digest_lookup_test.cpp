// Asked for a digest: is it there?
#include <catch2/catch.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kDigest = sha256_of(kImageBody);
const std::string kByDigest = kRegistry + "/v2/app/manifests/" + kDigest;
const std::string kImage = "registry.example.com/app:1@" + kDigest;

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a digest that is there is answered by one HEAD, and its tag does not count") {
  World world;
  world.http.on("HEAD " + kByDigest, found(kDigest, kImageType));
  CHECK(world.find(kImage)->str() == kDigest);
  CHECK(world.http.names() == Names{"HEAD " + kByDigest});
}

TEST_CASE("a digest that is gone is not found, after a GET, which some registries need") {
  World world;
  world.http.on("HEAD " + kByDigest, response(404));
  world.http.on("GET " + kByDigest, response(404));
  CHECK(world.find(kImage).error().kind == ErrorKind::not_found);
  world.http.on("GET " + kByDigest, body(kImageBody));
  CHECK(world.find(kImage)->str() == kDigest);
}

TEST_CASE("a HEAD that tells another digest, or none, is no proof: the bytes are") {
  World world;
  for (const auto& head : {found(sha256('a')), response(200, {{"Content-Type", kImageType}})}) {
    world.http.on("HEAD " + kByDigest, head);
    world.http.on("GET " + kByDigest, body(kImageBody));
    CHECK(world.find(kImage)->str() == kDigest);
    world.http.on("GET " + kByDigest, body(kImageBody + " "));
    CHECK(world.find(kImage).error().kind == ErrorKind::protocol);
  }
}

TEST_CASE("a registry that fails says nothing of a digest") {
  World world;
  world.http.on("HEAD " + kByDigest, response(500));
  CHECK(world.find(kImage).error().kind == ErrorKind::unavailable);
}
