// Redirects: where they may lead, and what goes along.
#include <catch2/catch.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kHead = "HEAD " + kManifest;
const std::string kImage = "registry.example.com/app:1";
const std::string kStore = "https://store.example.net";

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the method stays HEAD on every kind of redirect") {
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
    INFO(status);
    World world;
    world.http.on(kHead, moved(kStore + "/blob", status));
    world.http.on("HEAD " + kStore + "/blob", found(sha256('a')));
    CHECK(world.find(kImage)->str() == sha256('a'));
  }
}

TEST_CASE("GGCR 293, 475: Authorization stays for the very same origin only") {
  World world;
  world.http.on(kHead, moved("/v2/mirror/app/manifests/1"));
  world.http.on("HEAD " + kRegistry + "/v2/mirror/app/manifests/1", found(sha256('a')));
  CHECK(world.find(kImage, basic()));
  CHECK(authorization(world.request(1)).starts_with("Basic "));
  CHECK(world.request(1).headers.get("Accept-Encoding"));

  for (const std::string elsewhere :
       {"https://registry.example.com:8443/x", "https://sub.registry.example.com/x",
        "https://registry.example.com.evil.example.org/x", "https://store.example.net/x"}) {
    INFO(elsewhere);
    World other;
    other.http.on(kHead, moved(elsewhere));
    other.http.on("HEAD " + elsewhere, found(sha256('a')));
    CHECK(other.find(kImage, basic()));
    CHECK(authorization(other.request(1)).empty());
  }
}

TEST_CASE("across hosts only Accept goes along") {
  World world;
  world.http.on(kHead, moved(kStore + "/blob"));
  world.http.on("HEAD " + kStore + "/blob", found(sha256('a')));
  CHECK(world.find(kImage, basic()));
  const auto& fields = world.request(1).headers.fields();
  REQUIRE(fields.size() == 1);
  CHECK(fields[0].first == "Accept");
}

TEST_CASE("Authorization once dropped stays dropped, also when the chain comes back") {
  World world;
  world.http.on(kHead, moved(kStore + "/back"));
  world.http.on("HEAD " + kStore + "/back", moved(kRegistry + "/v2/final"));
  world.http.on("HEAD " + kRegistry + "/v2/final", found(sha256('a')));
  CHECK(world.find(kImage, basic()));
  CHECK(authorization(world.request(0)).starts_with("Basic "));
  CHECK(authorization(world.request(1)).empty());
  CHECK(authorization(world.request(2)).empty());
}

TEST_CASE("five redirects are followed, a sixth is not") {
  World world;
  const auto step = [](int i) { return kStore + "/" + std::to_string(i); };
  world.http.on(kHead, moved(step(1)));
  for (int i = 1; i < 5; ++i)
    world.http.on("HEAD " + step(i), moved(step(i + 1)));
  world.http.on("HEAD " + step(5), found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.http.requests.size() == 6);

  world.http.on("HEAD " + step(5), moved(step(6)));
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::protocol);
  CHECK(error.message.find("more than 5 times") != std::string::npos);
  CHECK(world.http.unexpected.empty());
}

TEST_CASE("redirects to http, to other schemes and to several places are refused") {
  for (const auto* where :
       {"http://registry.example.com/x", "ftp://store.example.net/x", "file:///etc/passwd",
        "https://user:pw@store.example.net/", "https://", "http://[::1"}) {
    INFO(where);
    World world;
    world.http.on(kHead, moved(where));
    const auto error = world.find(kImage, basic()).error();
    CHECK(error.kind == ErrorKind::protocol);
    CHECK(error.message.find(where) == std::string::npos);
    CHECK(world.http.requests.size() == 1);
  }
  World world;
  world.http.on(kHead, response(307, {{"Location", kStore + "/a"}, {"Location", kStore + "/b"}}));
  CHECK(world.find(kImage).error().kind == ErrorKind::protocol);
}

TEST_CASE("a redirect without a place is no answer") {
  World world;
  world.http.on(kHead, response(302));
  CHECK(world.find(kImage).error().kind == ErrorKind::protocol);
}

TEST_CASE("another host's private address is denied unless that host is listed") {
  World world;
  world.http.on(kHead, moved(kStore + "/blob"));
  world.http.on("HEAD " + kStore + "/blob", found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.request(0).addresses.allow_private);
  CHECK_FALSE(world.request(1).addresses.allow_private);
  CHECK_FALSE(world.request(1).addresses.allow_loopback);
  CHECK_FALSE(world.request(1).addresses.listed);

  registry::RegistrySettings settings;
  settings.redirect_allow = registry::HostList::parse({"store.example.net"}).value();
  World allowed(settings);
  allowed.http.on(kHead, moved(kStore + "/blob"));
  allowed.http.on("HEAD " + kStore + "/blob", found(sha256('a')));
  CHECK(allowed.find(kImage));
  CHECK(allowed.request(1).addresses.allow_private);
}

TEST_CASE("the registry's own host keeps its address rules on another port") {
  World world;
  world.http.on(kHead, moved("https://registry.example.com:8443/x"));
  world.http.on("HEAD https://registry.example.com:8443/x", found(sha256('a')));
  CHECK(world.find(kImage));
  CHECK(world.request(1).addresses == world.request(0).addresses);
}

TEST_CASE("a HEAD that a store answers without digest is asked by GET from the start") {
  World world;
  world.http.on(kHead, moved(kStore + "/blob"));
  world.http.on("HEAD " + kStore + "/blob", response(200, {{"Content-Type", "application/octet-stream"}}));
  world.http.on("GET " + kManifest, moved(kStore + "/blob"));
  world.http.on("GET " + kStore + "/blob", body(kImageBody));
  CHECK(world.find(kImage)->str() == sha256_of(kImageBody));
}

TEST_CASE(
    "GGCR 2333: a stranger's 401 is met with an anonymous token for that host, which is then used there") {
  World world;
  const std::string there = "https://other.example.net/v2/target/manifests/1";
  const std::string realm = "https://other.example.net/token";
  world.http.on(kHead, moved(there));
  world.http.on("HEAD " + there, [=](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer guest"
                                     ? found(sha256('a'))
                                     : bearer(realm, "other.example.net", "repository:target:pull"));
  });
  world.http.on("GET " + realm, token("guest"));
  CHECK(world.find(kImage, basic())->str() == sha256('a'));
  CHECK(world.http.names() == Names{kHead, "HEAD " + there, "GET " + realm, kHead, "HEAD " + there});
  CHECK(authorization(world.request(2)).empty());
  CHECK(world.request(2).url.target == "/token?service=other.example.net&scope=repository%3Atarget%3Apull");
  CHECK(authorization(world.request(3)).starts_with("Basic "));
}

TEST_CASE("a stranger gets nothing but that: no Basic, no second token") {
  World world;
  const std::string there = "https://other.example.net/x";
  world.http.on(kHead, moved(there));
  world.http.on("HEAD " + there, unauthorized("Basic realm=\"give me\""));
  CHECK(world.find(kImage, basic()).error().kind == ErrorKind::unauthorized);
  CHECK(world.http.names() == Names{kHead, "HEAD " + there});

  const std::string realm = "https://other.example.net/token";
  world.http.requests.clear();
  world.http.on("HEAD " + there, bearer(realm));
  world.http.on("GET " + realm, token("guest"));
  CHECK(world.find(kImage, basic()).error().kind == ErrorKind::unauthorized);
  CHECK(world.http.count("GET " + realm) == 1);
  CHECK(world.http.count("HEAD " + there) == 2);
}

TEST_CASE("a stranger's challenge is not remembered as the registry's") {
  World world;
  const std::string there = "https://other.example.net/x";
  world.http.on(kHead, moved(there));
  world.http.on("HEAD " + there, bearer("https://other.example.net/token"));
  world.http.on("GET https://other.example.net/token", token("guest"));
  CHECK_FALSE(world.find(kImage));
  world.http.on(kHead, found(sha256('a')));
  world.http.requests.clear();
  CHECK(world.find(kImage));
  CHECK(world.http.names() == Names{kHead});
}
