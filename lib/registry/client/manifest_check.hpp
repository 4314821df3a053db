// Is this answer what the tag stands for? The one place that decides whether a digest may be written.
#pragma once

#include <optional>

#include "image/digest.hpp"
#include "net/client/http_client.hpp"
#include "net/http_message.hpp"
#include "registry/protocol/manifest.hpp"

namespace digester::registry {

// A HEAD with status 200: its digest, if it counts: exactly one valid Docker-Content-Digest (sha256) and one
// Content-Type out of the four. Empty optional: ask by GET (a sha512 can only be verified there). Errors:
// unsupported for schema 1 and sha384.
Result<std::optional<image::Digest>> digest_of_head(const net::Response& response);

struct CheckedManifest {
  image::Digest digest;
  protocol::Manifest manifest;
};

// A GET with status 200: the digest of the very bytes, sha256 unless the header names a sha512 that is true.
// A header that says anything else is a failure. Errors: unsupported (schema 1, sha384), protocol.
Result<CheckedManifest> check_manifest(const net::Response& response);

// Do these bytes have that digest?
bool has_digest(const std::string& body, const image::Digest& digest);

}  // namespace digester::registry
