#include "registry/protocol/manifest.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "registry/protocol/media_type.hpp"

using namespace digester;
using namespace digester::registry::protocol;

namespace {

const std::string kImage = R"({"schemaVersion":2,"config":{"digest":"sha256:c"},"layers":[]})";

std::string index_of(const std::string& children) {
  return R"({"schemaVersion":2,"manifests":[)" + children + "]}";
}

std::string child(const std::string& digest, const std::string& platform) {
  return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + digest + "\"" +
         (platform.empty() ? "" : ",\"platform\":" + platform) + "}";
}

std::string chosen(const std::string& children, const std::string& platform) {
  const auto manifest = read_manifest(index_of(children));
  REQUIRE(manifest);
  const auto wanted = Platform::parse(platform);
  REQUIRE(wanted);
  const auto* found = choose_child(*manifest, *wanted);
  return found == nullptr ? "" : found->digest;
}

}  // namespace

TEST_CASE("the Accept header names exactly the four types that can be pinned") {
  std::size_t types = 1;
  for (const char c : kManifestAccept)
    types += c == ',';
  CHECK(types == 4);
  CHECK(kManifestAccept.find("v1+prettyjws") == std::string_view::npos);
  CHECK(kManifestAccept.find("manifest.v1+json") != std::string_view::npos);
  CHECK(kManifestAccept.find("distribution.manifest.v1") == std::string_view::npos);
}

TEST_CASE("media types are compared without parameters and case") {
  CHECK(parse_media_type("application/vnd.oci.image.index.v1+json") == MediaType::oci_index);
  CHECK(parse_media_type(" Application/vnd.OCI.image.manifest.v1+json ; charset=utf-8") ==
        MediaType::oci_manifest);
  CHECK(parse_media_type("application/vnd.docker.distribution.manifest.list.v2+json") ==
        MediaType::docker_list);
  CHECK(parse_media_type("application/vnd.docker.distribution.manifest.v2+json;x") ==
        MediaType::docker_manifest);
  CHECK(parse_media_type("application/vnd.docker.distribution.manifest.v1+prettyjws") == MediaType::schema1);
  CHECK(parse_media_type("application/vnd.docker.distribution.manifest.v1+json") == MediaType::schema1);
  CHECK(parse_media_type("application/json") == MediaType::other);
  CHECK(parse_media_type("application/vnd.oci.image.index.v1+jsonx") == MediaType::other);
  CHECK(parse_media_type("") == MediaType::other);
}

TEST_CASE("an image and an index are told apart by their shape") {
  const auto image = read_manifest(kImage);
  REQUIRE(image);
  CHECK_FALSE(image->index);
  const auto index = read_manifest(index_of(child("sha256:a", "")));
  REQUIRE(index);
  CHECK(index->index);
  CHECK(index->children.size() == 1);
  CHECK(read_manifest(index_of(""))->index);
}

TEST_CASE("a schema 1 manifest is its own error") {
  for (
      const auto* body :
      {R"({"schemaVersion":1,"name":"a","fsLayers":[]})",
       R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+json","config":{},"layers":[]})"}) {
    const auto manifest = read_manifest(body);
    REQUIRE_FALSE(manifest);
    CHECK(manifest.error().kind == ErrorKind::unsupported);
    CHECK(manifest.error().message.find("schema 1") != std::string::npos);
  }
}

TEST_CASE("what has no manifest's shape is refused") {
  for (const auto* body :
       {"", "{}", "[]", "null", "2", "<html>", R"({"schemaVersion":2})",
        R"({"schemaVersion":"2","config":{},"layers":[]})", R"({"schemaVersion":3,"config":{},"layers":[]})",
        R"({"config":{},"layers":[]})", R"({"schemaVersion":2,"config":{}})",
        R"({"schemaVersion":2,"layers":[]})", R"({"schemaVersion":2,"config":[],"layers":[]})",
        R"({"schemaVersion":2,"config":{},"layers":{}})", R"({"schemaVersion":2,"manifests":null})",
        R"({"schemaVersion":2,"manifests":{}})", R"({"schemaVersion":2,"manifests":[1]})",
        R"({"schemaVersion":2,"manifests":[{}]})", R"({"schemaVersion":2,"config":{},"layers":[]} x)"}) {
    INFO(body);
    const auto manifest = read_manifest(body);
    REQUIRE_FALSE(manifest);
    CHECK(manifest.error().kind == ErrorKind::protocol);
  }
}

TEST_CASE("a document that is an index and an image at once is refused") {
  CHECK_FALSE(read_manifest(R"({"schemaVersion":2,"manifests":[],"config":{},"layers":[]})"));
  CHECK_FALSE(read_manifest(R"({"schemaVersion":2,"manifests":[],"layers":[]})"));
  CHECK_FALSE(read_manifest(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]})"));
  CHECK_FALSE(read_manifest(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":{},"layers":[]})"));
}

TEST_CASE("deep nesting is refused and does not exhaust the stack") {
  CHECK_FALSE(read_manifest(std::string(3'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 300'000; ++i)
    objects += "{\"a\":";
  CHECK_FALSE(read_manifest(objects));
}

TEST_CASE("a platform is os, architecture and perhaps variant") {
  CHECK(Platform::parse("linux/arm64/v8")->str() == "linux/arm64/v8");
  CHECK(Platform::parse("linux/amd64")->variant.empty());
  for (const auto* text :
       {"", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux//v8", "linux/arm 64", "linux/\x1b"}) {
    INFO(text);
    const auto platform = Platform::parse(text);
    REQUIRE_FALSE(platform);
    CHECK(platform.error().kind == ErrorKind::invalid);
    CHECK(platform.error().message.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("the platform's child is chosen by os and architecture, by variant only if asked") {
  const auto children =
      child("sha256:att", R"({"os":"unknown","architecture":"unknown"})") + "," +
      child("sha256:amd", R"({"os":"linux","architecture":"amd64"})") + "," +
      child("sha256:v7", R"({"os":"linux","architecture":"arm","variant":"v7"})") + "," +
      child("sha256:v6", R"({"os":"linux","architecture":"arm","variant":"v6"})") + "," +
      child("sha256:win", R"({"os":"windows","architecture":"amd64","os.version":"10.0.1"})");
  CHECK(chosen(children, "linux/amd64") == "sha256:amd");
  CHECK(chosen(children, "linux/arm") == "sha256:v7");
  CHECK(chosen(children, "linux/arm/v6") == "sha256:v6");
  CHECK(chosen(children, "windows/amd64") == "sha256:win");
  CHECK(chosen(children, "linux/amd64/v3").empty());
  CHECK(chosen(children, "linux/s390x").empty());
}

TEST_CASE("a child without platform counts as linux/amd64, a nested index as no image") {
  CHECK(chosen(child("sha256:a", ""), "linux/amd64") == "sha256:a");
  CHECK(chosen(child("sha256:a", ""), "linux/arm64").empty());
  CHECK(
      chosen(R"({"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:i"})", "linux/amd64")
          .empty());
}
