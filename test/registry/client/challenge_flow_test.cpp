// Challenges met with one credential: who is asked what, in which order, and when to stop.
#include <catch2/catch.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kHead = "HEAD " + kManifest;
const std::string kGet = "GET " + kManifest;
const std::string kToken = "GET " + kAuth;
const std::string kPing = "GET https://registry.example.com/v2/";
const std::string kImage = "registry.example.com/app:1";
const std::string kBasic = "Basic " + text::base64_encode("user:s3cret-password");

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the challenge is taken from the HEAD's own 401, without a ping") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage)->str() == sha256('a'));
  CHECK(world.http.names() == Names{kHead, kToken, kHead});
  CHECK(world.request(1).url.target == "/token?service=registry.example.com&scope=repository%3Aapp%3Apull");
  CHECK(authorization(world.request(1)).empty());
}

TEST_CASE("a challenge once known is met before it is asked, with a scope of our own") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, token("t1"));
  world.http.on("HEAD https://registry.example.com/v2/other/manifests/1", found(sha256('b')));
  CHECK(world.find(kImage));
  world.http.requests.clear();
  CHECK(world.find("registry.example.com/other:1")->str() == sha256('b'));
  CHECK(world.http.names() == Names{kToken, "HEAD https://registry.example.com/v2/other/manifests/1"});
  CHECK(world.request(0).url.target == "/token?service=registry.example.com&scope=repository%3Aother%3Apull");
}

TEST_CASE("a 401 without challenge is followed by one ping, whose scope is ignored") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer t1" ? found(sha256('a')) : response(401));
  });
  world.http.on(kPing, bearer(kAuth, "registry.example.com", "repository:placeholder/image:pull"));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage)->str() == sha256('a'));
  CHECK(world.http.names() == Names{kHead, kPing, kToken, kHead});
  CHECK(world.request(2).url.target.find("placeholder") == std::string::npos);
}

TEST_CASE("containers/image 211: no challenge on the 401 nor on the ping is a refusal, asked for once") {
  for (const auto& answer : {response(200), response(404), response(401), response(500)}) {
    World world;
    world.http.on(kHead, response(401));
    world.http.on(kPing, answer);
    CHECK(world.find(kImage).error().kind == ErrorKind::unauthorized);
    CHECK(world.http.count(kHead) == 1);
  }
}

TEST_CASE("GGCR 712: the ping's body is bounded") {
  World world;
  world.http.on(kHead, response(401));
  world.http.on(kPing, response(200, {}, std::string(100 * 1024, 'x')));
  CHECK(world.find(kImage).error().kind == ErrorKind::unauthorized);
  CHECK(world.http.requests.back().body_limit == 64 * 1024);
}

TEST_CASE("Basic is shown at once where there is a user and a password") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == kBasic ? found(sha256('a'))
                                                                  : unauthorized("Basic realm=x"));
  });
  CHECK(world.find(kImage, basic())->str() == sha256('a'));
  CHECK(world.http.names() == Names{kHead});
}

TEST_CASE("refused Basic is not shown again") {
  World world;
  world.http.on(kHead, unauthorized("Basic realm=\"x\""));
  const auto error = world.find(kImage, basic()).error();
  CHECK(error.kind == ErrorKind::unauthorized);
  CHECK(error.message.find("credentials were refused") != std::string::npos);
  CHECK(world.http.names() == Names{kHead});
}

TEST_CASE("Basic needs both a user and a password") {
  for (const auto& half : {basic("", "x"), basic("x", "")}) {
    World world;
    world.http.on(kHead, unauthorized("Basic realm=\"x\""));
    CHECK(world.find(kImage, half).error().kind == ErrorKind::unauthorized);
    CHECK(authorization(world.request(0)).empty());
  }
}

TEST_CASE("an anonymous caller is told that credentials are wanted") {
  World world;
  world.http.on(kHead, unauthorized("Basic realm=\"x\""));
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::unauthorized);
  CHECK(error.message.find("wants credentials") != std::string::npos);
  CHECK(error.message.find("docker login") == std::string::npos);
}

TEST_CASE("on the command line it is told where they go") {
  registry::RegistrySettings settings;
  settings.command_line = true;
  World world(std::move(settings));
  world.http.on(kHead, unauthorized("Basic realm=\"x\""));
  const auto message = world.find(kImage).error().message;
  CHECK(message.find("docker login") != std::string::npos);
  CHECK(message.find("DOCKER_CONFIG") != std::string::npos);
}

TEST_CASE("Basic credentials are exchanged for a token where Bearer is asked for") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == kBasic ? token("t1") : response(401));
  });
  CHECK(world.find(kImage, basic())->str() == sha256('a'));
  CHECK(authorization(world.request(2)) == "Bearer t1");
}

TEST_CASE("Docker Hub: a 401 to a token fetched just now is not refreshed again") {
  World world;
  world.http.on(kHead, bearer());
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage).error().kind == ErrorKind::unauthorized);
  CHECK(world.http.names() == Names{kHead, kToken, kHead});
}

TEST_CASE("containerd 6377, 8735, 9274: a remembered token that is refused is fetched once more") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, token("t1", ",\"expires_in\":3600"));
  CHECK(world.find(kImage));
  world.http.requests.clear();

  world.serve_with_token("t2", sha256('b'));
  world.http.on(kToken, token("t2"));
  CHECK(world.find(kImage)->str() == sha256('b'));
  CHECK(world.http.names() == Names{kHead, kToken, kHead});

  world.http.requests.clear();
  world.http.on(kHead, bearer());
  CHECK(world.find(kImage).error().kind == ErrorKind::unauthorized);
  CHECK(world.http.names() == Names{kHead, kToken, kHead});
}

TEST_CASE("a fresh token that lacks the scope which the registry then names is fetched for that scope") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer wide"
                                     ? found(sha256('a'))
                                     : bearer(kAuth, "registry.example.com", "repository:group/app:pull"));
  });
  world.http.on(kToken, [](const net::Request& request) {
    return Result<net::Response>(request.url.target.find("group") == std::string::npos ? token("narrow")
                                                                                       : token("wide"));
  });
  CHECK(world.find(kImage));
  world.http.requests.clear();
  world.clock.advance(2min);
  CHECK(world.find(kImage)->str() == sha256('a'));
  CHECK(world.http.names() == Names{kToken, kHead, kToken, kHead});
  CHECK(world.request(2).url.target.find(
            "scope=repository%3Aapp%3Apull&scope=repository%3Agroup%2Fapp%3Apull") != std::string::npos);
}

TEST_CASE("ECR: 403 to a token from memory means perhaps that it expired; it is fetched anew once") {
  for (const unsigned status : {403U, 400U}) {
    INFO(status);
    World world;
    world.serve_with_token("t1", sha256('a'));
    world.http.on(kToken, token("t1", ",\"expires_in\":3600"));
    CHECK(world.find(kImage));
    world.http.requests.clear();

    world.http.on(kHead, [status](const net::Request& request) {
      return Result<net::Response>(authorization(request) == "Bearer t2" ? found(sha256('b'))
                                                                         : response(status));
    });
    world.http.on(kToken, token("t2", ",\"expires_in\":3600"));
    CHECK(world.find(kImage)->str() == sha256('b'));
    CHECK(world.http.names() == Names{kHead, kToken, kHead});

    world.http.requests.clear();
    world.http.on(kHead, response(status));
    world.http.on(kGet, response(status));
    CHECK_FALSE(world.find(kImage));
    CHECK(world.http.names() == Names{kHead, kToken, kHead, kGet});
  }
}

TEST_CASE("Harbor: a token that is not enough, answered by a Basic challenge, is replaced by Basic") {
  World world;
  world.serve_with_token("anonymous", sha256('a'));
  world.http.on(kToken, token("anonymous"));
  CHECK(world.find(kImage));
  world.http.requests.clear();

  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == kBasic ? found(sha256('b'))
                                                                  : unauthorized("Basic realm=\"harbor\""));
  });
  world.http.on(kToken, token("weak"));
  CHECK(world.find(kImage, basic())->str() == sha256('b'));
  CHECK(world.http.names() == Names{kToken, kHead, kHead});
}

TEST_CASE("a registry that asks for Basic and Bearer in turn is left after a few requests") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request).starts_with("Bearer ") ? unauthorized("Basic realm=x")
                                                                               : bearer());
  });
  world.http.on(kToken, [number = 0](const net::Request&) mutable {
    return Result<net::Response>(token("t" + std::to_string(++number)));
  });
  CHECK_FALSE(world.find(kImage, basic()));
  CHECK(world.http.requests.size() <= 11);
}

TEST_CASE("GGCR 1075: a challenge that only Negotiate is made of is a refusal") {
  World world;
  world.http.on(kHead, unauthorized("Negotiate"));
  world.http.on(kPing, unauthorized("Negotiate, NTLM"));
  CHECK(world.find(kImage, basic()).error().kind == ErrorKind::unauthorized);
}

TEST_CASE("a registry token of a docker config is the Bearer value itself, and never exchanged") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer raw" ? found(sha256('a')) : bearer());
  });
  CHECK(world.find(kImage, Credential::make(Credential::Kind::registry_token, "", "raw")));
  CHECK(world.http.names() == Names{kHead});
  CHECK(world.find(kImage, Credential::make(Credential::Kind::registry_token, "", "old")).error().kind ==
        ErrorKind::unauthorized);
  CHECK(world.http.names() == Names{kHead, kHead});
}

TEST_CASE("a refused credential at the token service is a refusal of this credential") {
  for (const unsigned status : {401U, 403U}) {
    World world;
    world.http.on(kHead, bearer());
    world.http.on(kToken, response(status, {}, "bad password s3cret-password"));
    const auto error = world.find(kImage, basic()).error();
    CHECK(error.kind == ErrorKind::unauthorized);
    CHECK(error.message.find("token service refused the credentials") != std::string::npos);
    CHECK(error.message.find("s3cret") == std::string::npos);
    CHECK(error.detail.find("s3cret") == std::string::npos);
    CHECK(world.http.names() == Names{kHead, kToken});
  }
}

TEST_CASE("a token service that does not work is forgotten, so that the registry is asked where it is now") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage));
  world.clock.advance(1h);
  Error down;
  down.kind = ErrorKind::unreachable;
  down.message = "auth.example.com is not reachable";
  world.http.on(kToken, down);
  const auto error = world.find(kImage).error();
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(error.message.find("its token service: auth.example.com is not reachable") != std::string::npos);

  world.http.on(kHead, found(sha256('c')));
  CHECK(world.find(kImage)->str() == sha256('c'));
}

TEST_CASE("one registry's challenge is nothing to another") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage));
  world.http.on("HEAD https://other.example.com/v2/app/manifests/1", found(sha256('b')));
  CHECK(world.find("other.example.com/app:1"));
  CHECK(authorization(world.http.requests.back()).empty());
}

TEST_CASE("an empty service is left out of the token request") {
  World world;
  world.http.on(kHead, [](const net::Request& request) {
    return Result<net::Response>(authorization(request).empty() ? bearer(kAuth, "") : found(sha256('a')));
  });
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage));
  CHECK(world.request(1).url.target == "/token?scope=repository%3Aapp%3Apull");
}
