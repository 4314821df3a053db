// HEAD, GET and the checks of what they bring: registry protocol, no credentials.
#include <catch2/catch.hpp>

#include "registry/client/manifest_check.hpp"
#include "registry/client/world.hpp"
#include "registry/protocol/media_type.hpp"

using namespace digester;
using namespace digester::registry_test;

namespace {

const std::string kHead = "HEAD " + kManifest;
const std::string kGet = "GET " + kManifest;
const std::string kImage = "registry.example.com/app:1";

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("one HEAD with the four types answers the question") {
  World world;
  world.http.on(kHead, found(sha256('a')));
  const auto digest = world.find(kImage);
  REQUIRE(digest);
  CHECK(digest->str() == sha256('a'));
  CHECK(world.http.names() == Names{kHead});
  const auto& request = world.request(0);
  CHECK(request.headers.get_all("Accept") ==
        std::vector<std::string_view>{registry::protocol::kManifestAccept});
  CHECK(request.headers.get("Accept-Encoding") == "identity");
  CHECK_FALSE(request.headers.get("If-None-Match"));
  CHECK_FALSE(request.headers.get("Authorization"));
}

TEST_CASE("Docker Hub is asked at its API host") {
  World world;
  world.http.on("HEAD https://registry-1.docker.io/v2/library/nginx/manifests/latest", found(sha256('a')));
  CHECK(world.find("nginx")->str() == sha256('a'));
}

TEST_CASE("GGCR 2407: a one-letter repository is asked for like any other") {
  World world;
  world.http.on("HEAD https://registry.example.com/v2/a/manifests/b", found(sha256('a')));
  CHECK(world.find("registry.example.com/a:b"));
}

TEST_CASE("every pinnable type counts, parameters stripped") {
  for (const auto* type :
       {kIndexType, kImageType, "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json; charset=utf-8"}) {
    World world;
    world.http.on(kHead, found(sha256('a'), type));
    CHECK(world.find(kImage));
    CHECK(world.http.names() == Names{kHead});
  }
}

TEST_CASE("GGCR 1749: a HEAD without digest is asked again by GET, whose bytes are hashed") {
  World world;
  world.http.on(kHead, response(200, {{"Content-Type", kImageType}}));
  world.http.on(kGet, body(kImageBody));
  const auto digest = world.find(kImage);
  REQUIRE(digest);
  CHECK(digest->str() == sha256_of(kImageBody));
  CHECK(world.http.names() == Names{kHead, kGet});
}

TEST_CASE("a doubled digest header does not count, even if both say the same") {
  World world;
  world.http.on(kHead, response(200, {{"Content-Type", kImageType},
                                      {"Docker-Content-Digest", sha256('a')},
                                      {"Docker-Content-Digest", sha256('a')}}));
  world.http.on(kGet, body(kImageBody));
  CHECK(world.find(kImage)->str() == sha256_of(kImageBody));
}

TEST_CASE("an invalid digest or a foreign type on HEAD does not count") {
  for (const auto& answer :
       {found("sha256:zz"), found("sha256:" + std::string(64, 'A')), found(sha256('a') + ", " + sha256('a')),
        found(sha256('a'), "text/html"), response(200, {{"Docker-Content-Digest", sha256('a')}}),
        response(200, {{"Content-Type", kImageType},
                       {"Content-Type", kImageType},
                       {"Docker-Content-Digest", sha256('a')}})}) {
    World world;
    world.http.on(kHead, answer);
    world.http.on(kGet, body(kImageBody));
    CHECK(world.find(kImage)->str() == sha256_of(kImageBody));
  }
}

TEST_CASE("GGCR 971: HEAD refused with 400, 403, 404, 405 or 501 is asked again by GET") {
  for (const unsigned status : {400U, 403U, 404U, 405U, 501U}) {
    INFO(status);
    World world;
    world.http.on(kHead, response(status));
    world.http.on(kGet, body(kImageBody));
    CHECK(world.find(kImage)->str() == sha256_of(kImageBody));
    CHECK(world.http.names() == Names{kHead, kGet});
    CHECK(world.request(1).headers.get("Accept") == registry::protocol::kManifestAccept);
  }
}

TEST_CASE("HEAD that fails with 5xx is never asked by GET") {
  World world;
  world.http.on(kHead, response(503));
  const auto digest = world.find(kImage);
  REQUIRE_FALSE(digest);
  CHECK(digest.error().kind == ErrorKind::unavailable);
  CHECK(world.http.names() == Names{kHead, kHead, kHead});
}

TEST_CASE("schema 1 is its own error, whatever digest comes with it") {
  World world;
  world.http.on(kHead, found(sha256('a'), "application/vnd.docker.distribution.manifest.v1+prettyjws"));
  const auto by_head = world.find(kImage);
  REQUIRE_FALSE(by_head);
  CHECK(by_head.error().kind == ErrorKind::unsupported);
  CHECK(by_head.error().message.find("schema 1") != std::string::npos);
  CHECK(world.http.names() == Names{kHead});

  world.http.on(kHead, response(405));
  for (const auto& answer : {body(R"({"schemaVersion":1,"fsLayers":[]})", "application/json"),
                             body(kImageBody, "application/vnd.docker.distribution.manifest.v1+json")}) {
    world.http.on(kGet, answer);
    const auto by_get = world.find(kImage);
    REQUIRE_FALSE(by_get);
    CHECK(by_get.error().kind == ErrorKind::unsupported);
    CHECK(by_get.error().message.find("schema 1") != std::string::npos);
  }
}

TEST_CASE("a GET whose header names another digest is a failure") {
  for (const auto& named :
       {sha256('a'), std::string("sha256:zz"), "sha512:" + std::string(128, 'a'), std::string()}) {
    INFO(named);
    World world;
    world.http.on(kHead, response(404));
    world.http.on(
        kGet, response(200, {{"Content-Type", kImageType}, {"Docker-Content-Digest", named}}, kImageBody));
    const auto digest = world.find(kImage);
    REQUIRE_FALSE(digest);
    CHECK(digest.error().kind == ErrorKind::protocol);
  }
  World world;
  world.http.on(kHead, response(404));
  world.http.on(kGet, response(200,
                               {{"Docker-Content-Digest", sha256_of(kImageBody)},
                                {"Docker-Content-Digest", sha256('a')}},
                               kImageBody));
  CHECK_FALSE(world.find(kImage));
}

TEST_CASE("a sha512 is verified by GET and pinned as sha512") {
  const auto sha512 = "sha512:" + net::sha512_hex(kImageBody);
  World world;
  world.http.on(kHead, found(sha512));
  world.http.on(kGet, response(200, {{"Docker-Content-Digest", sha512}}, kImageBody));
  CHECK(world.find(kImage)->str() == sha512);
  CHECK(world.http.names() == Names{kHead, kGet});
}

TEST_CASE("sha384 is an error by HEAD and by GET") {
  const auto sha384 = "sha384:" + std::string(96, 'a');
  World world;
  world.http.on(kHead, found(sha384));
  CHECK(world.find(kImage).error().kind == ErrorKind::unsupported);
  world.http.on(kHead, response(404));
  world.http.on(kGet, response(200, {{"Docker-Content-Digest", sha384}}, kImageBody));
  CHECK(world.find(kImage).error().kind == ErrorKind::unsupported);
}

TEST_CASE("a Content-Encoding is refused on GET and ignored on HEAD") {
  World world;
  auto compressed_head = found(sha256('a'));
  compressed_head.headers.add("Content-Encoding", "gzip");
  world.http.on(kHead, compressed_head);
  CHECK(world.find(kImage));

  world.http.on(kHead, response(404));
  world.http.on(kGet, response(200, {{"Content-Encoding", "gzip"}}, kImageBody));
  CHECK(world.find(kImage).error().kind == ErrorKind::protocol);
  world.http.on(kGet, response(200, {{"Content-Encoding", "identity"}}, kImageBody));
  CHECK(world.find(kImage));
}

TEST_CASE("CVE-2020-1702: a manifest above 4 MiB is refused, never cut") {
  World world;
  world.http.on(kHead, response(404));
  auto large = kImageBody;
  large.insert(large.size() - 1, std::string(4 * 1024 * 1024 - large.size(), ' '));
  world.http.on(kGet, body(large));
  CHECK(world.find(kImage)->str() == sha256_of(large));
  CHECK(world.http.requests.back().body_limit == 4 * 1024 * 1024);
  world.http.on(kGet, body(large + " "));
  CHECK(world.find(kImage).error().kind == ErrorKind::too_large);
}

TEST_CASE("a GET that brings no manifest is refused") {
  for (const auto* text : {"", "<html>login</html>", "{}", "[]", R"({"schemaVersion":2})"}) {
    World world;
    world.http.on(kHead, response(404));
    world.http.on(kGet, body(text));
    CHECK(world.find(kImage).error().kind == ErrorKind::protocol);
  }
}

TEST_CASE("outcomes by status and code, as the table has them") {
  struct Row {
    unsigned status;
    const char* code;
    ErrorKind kind;
  };
  for (const auto& row :
       {Row{404, "MANIFEST_UNKNOWN", ErrorKind::not_found}, Row{404, "", ErrorKind::not_found},
        Row{403, "DENIED", ErrorKind::forbidden}, Row{400, "NAME_INVALID", ErrorKind::invalid},
        Row{400, "TAG_INVALID", ErrorKind::invalid}, Row{405, "UNSUPPORTED", ErrorKind::unsupported},
        Row{501, "", ErrorKind::unavailable}, Row{400, "", ErrorKind::protocol}}) {
    INFO(row.status << " " << row.code);
    World world;
    world.http.on(kHead, response(row.status));
    world.http.on(kGet,
                  response(row.status, {}, std::string(R"({"errors":[{"code":")") + row.code + "\"}]}"));
    const auto digest = world.find(kImage);
    REQUIRE_FALSE(digest);
    CHECK(digest.error().kind == row.kind);
  }
  for (const unsigned status : {415U, 204U, 302U, 304U}) {
    World world;
    world.http.on(kHead, response(status));
    CHECK(world.find(kImage).error().kind == (status == 415 ? ErrorKind::unsupported : ErrorKind::protocol));
  }
}

TEST_CASE("an error names image, registry, cause and cure in one line, and nothing of the peer's") {
  World world;
  world.http.on(kHead, response(404));
  world.http.on(
      kGet,
      response(404, {},
               R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"LEAK \u001b[31m","detail":"LEAK"}]})"));
  const auto error = world.find(kImage).error();
  CHECK(error.message.find(kImage) == 0);
  CHECK(error.message.find("registry.example.com: ") != std::string::npos);
  CHECK(error.message.find("check its name and tag") != std::string::npos);
  CHECK(error.message.find("LEAK") == std::string::npos);
  CHECK(error.message.find('\n') == std::string::npos);
  CHECK(error.message.find("https://") == std::string::npos);
  CHECK(error.detail.find("MANIFEST_UNKNOWN") != std::string::npos);
  CHECK(error.detail.find("LEAK") == std::string::npos);
}

TEST_CASE("an error of the HTTP client keeps its kind and its words") {
  World world;
  Error error;
  error.kind = ErrorKind::forbidden;
  error.message = "other.example.com has only addresses that may not be reached";
  world.http.on(kHead, error);
  const auto found_error = world.find(kImage).error();
  CHECK(found_error.kind == ErrorKind::forbidden);
  CHECK(found_error.message == kImage + ": registry.example.com: " + error.message);
  CHECK(world.http.requests.size() == 1);
}

TEST_CASE("a registry is named once, where the cause begins with it too") {
  World world;
  Error error;
  error.kind = ErrorKind::forbidden;
  error.message = "registry.example.com may not be reached";
  world.http.on(kHead, error);
  CHECK(world.find(kImage).error().message == kImage + ": registry.example.com: it may not be reached");
}

TEST_CASE("who wrote no tag is told that latest was asked for") {
  World world;
  for (const auto* method : {"HEAD ", "GET "})
    world.http.on(method + kRegistry + "/v2/app/manifests/latest", response(404));
  CHECK(world.find("registry.example.com/app")
            .error()
            .message.ends_with("; no tag was written, so \"latest\" was asked for"));
  CHECK(world.find("registry.example.com/app:latest").error().message.find("was asked for") ==
        std::string::npos);
}

TEST_CASE("connaisseur 583: a hundred look-ups at once each get their own digest") {
  World world;
  std::vector<std::string> images;
  for (int i = 0; i < 100; ++i) {
    const auto number = std::to_string(100 + i);
    images.push_back("registry.example.com/app:" + number);
    world.http.on("HEAD https://registry.example.com/v2/app/manifests/" + number,
                  found("sha256:" + number + std::string(61, '0')));
  }
  const auto answers = world.find_all(images);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(answers[static_cast<std::size_t>(i)]);
    CHECK(answers[static_cast<std::size_t>(i)]->hex().substr(0, 3) == std::to_string(100 + i));
  }
}
