// Tokens: fetched once, kept, renewed, and never asked for where credentials must not go.
#include <catch2/catch.hpp>

#include "registry/client/world.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kHead = "HEAD " + kManifest;
const std::string kToken = "GET " + kAuth;
const std::string kPost = "POST " + kAuth;
const std::string kImage = "registry.example.com/app:1";

using Names = std::vector<std::string>;

// A registry of which every tag exists for the current token.
void serve_tags(World& world, int tags) {
  for (int i = 0; i < tags; ++i)
    world.http.on("HEAD https://registry.example.com/v2/app/manifests/" + std::to_string(i),
                  [](const net::Request& request) {
                    return Result<net::Response>(
                        authorization(request).starts_with("Bearer ") ? found(sha256('a')) : bearer());
                  });
}

std::vector<std::string> tags(int count) {
  std::vector<std::string> images;
  for (int i = 0; i < count; ++i)
    images.push_back("registry.example.com/app:" + std::to_string(i));
  return images;
}

net::Response bearer_at(const std::string& realm) {
  return bearer(realm);
}

registry::RegistrySettings allowing(const std::string& pair) {
  registry::RegistrySettings settings;
  settings.realm_allow = registry::RealmAllow::parse({pair}).value();
  return settings;
}

std::string metric(World& world, const std::string& line) {
  const auto text = world.metrics.exposition();
  const auto at = text.find(line + " ");
  return at == std::string::npos
             ? ""
             : text.substr(at + line.size() + 1, text.find('\n', at) - at - line.size() - 1);
}

}  // namespace

TEST_CASE("GGCR 1806, 2396: any number of look-ups at once fetch one token") {
  World world;
  serve_tags(world, 20);
  world.http.on(kToken, token("t1"));
  for (const auto& answer : world.find_all(tags(20)))
    CHECK(answer);
  CHECK(world.http.count(kToken) == 1);
  CHECK(metric(world, "digester_registry_tokens_total{source=\"fetched\"}") == "1");
}

TEST_CASE("all HEADs are in flight before the first answer") {
  World world;
  serve_tags(world, 10);
  world.http.on(kToken, token("t1"));
  CHECK(world.find(tags(1)[0]));
  Answers answers(10);
  world.http.hold(kRegistry);
  world.start_all(tags(10), Credential::anonymous(), answers);
  world.io.restart();
  world.io.run_for(20ms);
  CHECK(world.http.in_flight == 10);
  world.http.release(kRegistry);
  world.io.run();
  for (const auto& answer : answers)
    CHECK(answer);
  CHECK(world.http.requests.size() == 3 + 10);
}

TEST_CASE("a token is kept for its life less a tenth, at least five seconds") {
  World world;
  serve_tags(world, 1);
  world.http.on(kToken, token("t1", ",\"expires_in\":300"));
  CHECK(world.find(tags(1)[0]));
  world.clock.advance(269s);
  CHECK(world.find(tags(1)[0]));
  CHECK(world.http.count(kToken) == 1);
  world.clock.advance(2s);
  CHECK(world.find(tags(1)[0]));
  CHECK(world.http.count(kToken) == 2);

  // 60 s: a tenth would be 6 s.
  world.http.on(kToken, token("t2"));
  world.clock.advance(1h);
  CHECK(world.find(tags(1)[0]));
  world.clock.advance(53s);
  CHECK(world.find(tags(1)[0]));
  CHECK(world.http.count(kToken) == 3);
  world.clock.advance(2s);
  CHECK(world.find(tags(1)[0]));
  CHECK(world.http.count(kToken) == 4);
}

TEST_CASE("a token's life is counted on the monotonic clock") {
  World world;
  serve_tags(world, 1);
  world.http.on(kToken, token("t1", ",\"expires_in\":300"));
  CHECK(world.find(tags(1)[0]));
  world.clock.jump_wall(48h);
  CHECK(world.find(tags(1)[0]));
  CHECK(world.http.count(kToken) == 1);
}

TEST_CASE("tokens of one credential are not given to another, nor those of one repository for another") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage));
  CHECK(world.find(kImage, basic("a", "x")));
  CHECK(world.find(kImage, basic("b", "x")));
  CHECK(world.find(kImage, basic("b", "y")));
  CHECK(world.find(kImage, basic("b", "y")));
  CHECK(world.http.count(kToken) == 4);
}

TEST_CASE("containerd 8350: a token for one repository is not tried for another") {
  World world;
  serve_tags(world, 1);
  world.http.on("HEAD https://registry.example.com/v2/b/manifests/1", found(sha256('b')));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(tags(1)[0]));
  CHECK(world.find("registry.example.com/b:1"));
  CHECK(world.http.count(kToken) == 2);
}

TEST_CASE("a waiter that gives up takes nobody with it") {
  World world;
  serve_tags(world, 2);
  world.http.on(kToken, token("t1"));
  world.http.hold("https://auth.example.com");
  Answers answers(2);
  world.start_all(tags(2), Credential::anonymous(), answers);
  std::optional<Result<image::Digest>> hasty;
  auto task = store(world.start(tags(2)[1], Credential::anonymous(), 30ms), &hasty);
  net::asio::co_spawn(world.io, std::move(task), [](std::exception_ptr) {});
  world.io.restart();
  world.io.run_for(100ms);
  REQUIRE(hasty);
  CHECK(hasty->error().kind == ErrorKind::timed_out);
  world.http.release("https://auth.example.com");
  world.io.run();
  CHECK(answers[0]->has_value());
  CHECK(answers[1]->has_value());
  CHECK(world.http.count(kToken) == 1);
}

TEST_CASE("a failed fetch fails all who wait and is not remembered") {
  World world;
  serve_tags(world, 3);
  world.http.on(kToken, {response(401), token("t1")});
  for (const auto& answer : world.find_all(tags(3)))
    CHECK(answer.error().kind == ErrorKind::unauthorized);
  CHECK(world.http.count(kToken) == 1);
  CHECK(world.find(tags(1)[0]));
}

TEST_CASE("GGCR 1493: a compressed token answer is read") {
  World world;
  world.serve_with_token("t", sha256('a'));
  world.http.on(kToken, response(200, {{"Content-Encoding", "gzip"}},
                                 *text::base64_decode("H4sIAAAAAAACA6tWKsnPTs1TslIqUaoFANLQ0CQNAAAA")));
  CHECK(world.find(kImage));
}

TEST_CASE("a token answer above 1 MiB, compressed or not, is refused") {
  World world;
  world.http.on(kHead, bearer());
  world.http.on(kToken, token("t", ",\"pad\":\"" + std::string(1024 * 1024, 'x') + "\""));
  CHECK(world.find(kImage).error().kind == ErrorKind::too_large);
  CHECK(world.http.requests.back().body_limit == 1024 * 1024);
}

TEST_CASE("an identity token is posted as a form, and its secret is in no URL") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kPost, response(200, {}, R"({"access_token":"t1","expires_in":300})"));
  CHECK(world.find(kImage, identity()));
  CHECK(world.http.names() == Names{kHead, kPost, kHead});
  const auto& post = world.request(1);
  CHECK(post.url.target == "/token");
  CHECK(post.body ==
        "grant_type=refresh_token&refresh_token=refresh-token&service=registry.example.com&scope=repository%"
        "3Aapp%3Apull"
        "&client_id=digester");
  CHECK(post.headers.get("Content-Type") == "application/x-www-form-urlencoded");
  CHECK(authorization(post).empty());
}

TEST_CASE("containerd 2166-2170: a POST answered 400, 401, 404 or 405 is asked again by GET") {
  for (const unsigned status : {400U, 401U, 404U, 405U}) {
    World world;
    world.serve_with_token("t1", sha256('a'));
    world.http.on(kPost, response(status));
    world.http.on(kToken, token("t1"));
    CHECK(world.find(kImage, identity("refresh", "someone")));
    CHECK(world.http.names() == Names{kHead, kPost, kToken, kHead});
    CHECK(authorization(world.request(2)) == "Basic " + text::base64_encode("someone:refresh"));
  }
}

TEST_CASE("moby 36926: <token> is no user name") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kPost, response(404));
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage, identity("refresh", "<token>")));
  CHECK(authorization(world.request(2)).empty());
}

TEST_CASE("a POST that fails otherwise is not turned into a GET, and follows no redirect") {
  for (const unsigned status : {403U, 500U, 307U}) {
    World world;
    world.http.on(kHead, bearer());
    world.http.on(kPost, response(status, {{"Location", "https://auth.example.com/elsewhere"}}));
    CHECK_FALSE(world.find(kImage, identity()));
    CHECK(world.http.count(kToken) == 0);
    CHECK(world.http.unexpected.empty());
  }
}

TEST_CASE("a rate-limited token service is told apart, and remembered for this credential alone") {
  World world;
  world.http.on(kHead, bearer());
  world.http.on(kToken, [](const net::Request& request) {
    return Result<net::Response>(authorization(request).empty() ? token("t")
                                                                : response(429, {{"Retry-After", "60"}}));
  });
  const auto error = world.find(kImage, basic()).error();
  CHECK(error.kind == ErrorKind::rate_limited);
  CHECK(error.retry_after == 60s);
  CHECK(world.http.count(kToken) == 1);
  CHECK(world.find(kImage, basic()).error().kind == ErrorKind::rate_limited);
  CHECK(world.http.count(kToken) == 1);
  CHECK(world.find(kImage).error().kind == ErrorKind::unauthorized);
  CHECK(world.http.count(kToken) == 2);
}

TEST_CASE("a token service that fails is tried three times and called unavailable") {
  World world;
  world.http.on(kHead, bearer());
  world.http.on(kToken, response(502));
  CHECK(world.find(kImage).error().kind == ErrorKind::unavailable);
  CHECK(world.http.count(kToken) == 3);
}

TEST_CASE(
    "GGCR 2193, CVE-2020-15157: credentials do not go to a realm on another site, and the error names the "
    "cure") {
  World world;
  world.http.on(kHead, bearer_at("https://auth.evil.example.org/token"));
  const auto error = world.find(kImage, basic()).error();
  CHECK(error.kind == ErrorKind::forbidden);
  CHECK(error.message.find("--realm-allow registry.example.com=auth.evil.example.org") != std::string::npos);
  CHECK(world.http.names() == Names{kHead});
  CHECK(world.find(kImage, identity()).error().kind == ErrorKind::forbidden);
  CHECK(world.http.unexpected.empty());
}

TEST_CASE("an anonymous token may come from anywhere that the address rules allow") {
  World world;
  const std::string realm = "https://auth.evil.example.org/token";
  world.http.on(kHead, [=](const net::Request& request) {
    return Result<net::Response>(authorization(request).empty() ? bearer_at(realm) : found(sha256('a')));
  });
  world.http.on("GET " + realm, token("t"));
  CHECK(world.find(kImage));
  const auto& request = world.request(1);
  CHECK_FALSE(request.addresses.allow_private);
  CHECK_FALSE(request.addresses.allow_loopback);
  CHECK_FALSE(request.addresses.listed);
}

TEST_CASE("credentials go where --realm-allow lets them") {
  World world(allowing("registry.example.com=auth.partner.example.org"));
  const std::string realm = "https://auth.partner.example.org/token";
  world.http.on(kHead, [=](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer t" ? found(sha256('a'))
                                                                      : bearer_at(realm));
  });
  world.http.on("GET " + realm, token("t"));
  CHECK(world.find(kImage, basic()));
  CHECK(authorization(world.request(1)).starts_with("Basic "));
  CHECK(world.request(1).addresses.allow_private);

  // The pair is for that registry alone.
  world.http.on("HEAD https://other.example.com/v2/app/manifests/1", bearer_at(realm));
  CHECK(world.find("other.example.com/app:1", basic()).error().kind == ErrorKind::forbidden);
}

TEST_CASE("Docker Hub's credentials go to its token service") {
  World world;
  const std::string head = "HEAD https://registry-1.docker.io/v2/library/nginx/manifests/1";
  world.http.on(head, [](const net::Request& request) {
    return Result<net::Response>(authorization(request) == "Bearer t"
                                     ? found(sha256('a'))
                                     : bearer_at("https://auth.docker.io/token"));
  });
  world.http.on("GET https://auth.docker.io/token", token("t"));
  CHECK(world.find("nginx:1", basic()));
}

TEST_CASE("an http realm of an https registry is refused, for anonymous tokens too") {
  World world;
  world.http.on(kHead, bearer_at("http://auth.example.com/token"));
  CHECK(world.find(kImage, basic()).error().kind == ErrorKind::forbidden);
  CHECK(world.find(kImage).error().kind == ErrorKind::forbidden);
  CHECK(world.http.unexpected.empty());
}

TEST_CASE("GGCR 2258, 2302: a private registry may have its token service on the same host or beside it") {
  const auto serve = [](World& world, const std::string& realm) {
    world.http.on("HEAD https://10.0.0.1:5000/v2/app/manifests/1", [=](const net::Request& request) {
      auto answer = authorization(request) == "Bearer t" ? found(sha256('a')) : bearer_at(realm);
      answer.peer = net::AddressClass::private_address;
      return Result<net::Response>(answer);
    });
    world.http.on("GET " + realm, token("t"));
  };
  World same_host;
  serve(same_host, "https://10.0.0.1:5001/token");
  CHECK(same_host.find("10.0.0.1:5000/app:1", basic()));
  CHECK(same_host.request(1).addresses.allow_private);

  World beside;
  serve(beside, "https://10.0.0.2/token");
  CHECK(beside.find("10.0.0.1:5000/app:1", basic()).error().kind == ErrorKind::forbidden);
  CHECK(beside.find("10.0.0.1:5000/app:1"));
  CHECK(beside.request(2).addresses.allow_private);
  CHECK_FALSE(beside.request(2).addresses.allow_loopback);
}

TEST_CASE("GGCR 2243, 2285, 2292, 2295: a public registry cannot send us to a private realm") {
  World world;
  world.http.on(kHead, bearer_at("https://internal.example.com/token"));
  world.http.on("GET https://internal.example.com/token", token("t"));
  CHECK_FALSE(world.find(kImage, basic()));
  CHECK_FALSE(world.request(1).addresses.allow_private);
}

TEST_CASE("GGCR 2406: what failed when a registry was first asked is tried anew at the next look-up") {
  World world;
  world.http.on(kHead, [](const net::Request&) {
    return Result<net::Response>(fail(ErrorKind::unreachable, "connection refused"));
  });
  CHECK(world.find(kImage).error().kind == ErrorKind::unreachable);
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, response(502));
  CHECK(world.find(kImage).error().kind == ErrorKind::unavailable);
  world.http.on(kToken, token("t1"));
  CHECK(world.find(kImage));
}

TEST_CASE("no cure is offered for a realm at an address that is never asked") {
  const auto* realm = GENERATE("https://169.254.169.254/token", "http://169.254.169.254/token",
                               "https://metadata.google.internal/token", "https://[fd00:ec2::254]/token");
  World world(allowing("registry.example.com=169.254.169.254"));
  world.http.on(kHead, bearer_at(realm));
  const auto error = world.find(kImage, basic()).error();
  CHECK(error.kind == ErrorKind::forbidden);
  CHECK(error.message.find("never asked") != std::string::npos);
  CHECK(error.message.find("--realm-allow") == std::string::npos);
  CHECK(world.http.names() == Names{kHead});
}

TEST_CASE("every redirect of a token request is checked by the realm rule") {
  World world;
  world.serve_with_token("t1", sha256('a'));
  world.http.on(kToken, moved("https://auth2.example.com/token2"));
  world.http.on("GET https://auth2.example.com/token2", token("t1"));
  CHECK(world.find(kImage, basic()));
  CHECK(authorization(world.request(1)).starts_with("Basic "));
  CHECK(authorization(world.request(2)).empty());

  world.http.on(kToken, moved("https://auth.evil.example.org/token"));
  const auto error = world.find(kImage, basic("other", "x")).error();
  CHECK(error.kind == ErrorKind::forbidden);
  CHECK(error.message.find("--realm-allow") != std::string::npos);
  world.http.on(kToken, moved("http://auth.example.com/token"));
  CHECK(world.find(kImage, basic("third", "x")).error().kind == ErrorKind::protocol);
  CHECK(world.http.unexpected.empty());
}

TEST_CASE("a realm that is no http or https address is refused") {
  for (const auto* realm :
       {"ftp://auth.example.com/token", "/token", "https://user:pw@auth.example.com/", "javascript:1"}) {
    World world;
    world.http.on(kHead, bearer_at(realm));
    CHECK(world.find(kImage).error().kind == ErrorKind::protocol);
    CHECK(world.http.names() == Names{kHead});
  }
}

TEST_CASE("no secret is ever logged or put into an error") {
  World world;
  world.http.on(kHead, bearer());
  world.http.on(kToken, response(500, {}, "s3cret-password"));
  const auto error = world.find(kImage, basic()).error();
  for (const auto& text : {error.message, error.detail, world.log.text(), world.metrics.exposition()}) {
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(text.find(text::base64_encode("user:s3cret-password")) == std::string::npos);
  }
}
