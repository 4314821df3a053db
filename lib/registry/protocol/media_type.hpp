// The four manifest types that can be pinned, and the one that must not be.
#pragma once

#include <string_view>

namespace digester::registry::protocol {

// All four, in one header: with fewer, docker-registry 2.8 converts on the fly and answers with the digest of
// something nobody pushed, or says 404 to content that is there. Schema 1 is never asked for.
inline constexpr std::string_view kManifestAccept =
    "application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json,"
    "application/vnd.docker.distribution.manifest.list.v2+json,application/"
    "vnd.docker.distribution.manifest.v2+json";

enum class MediaType { oci_index, oci_manifest, docker_list, docker_manifest, schema1, other };

// Of a Content-Type or mediaType value: parameters stripped, case ignored (RFC 9110 §8.3.1).
MediaType parse_media_type(std::string_view value);

inline bool is_index(MediaType type) {
  return type == MediaType::oci_index || type == MediaType::docker_list;
}
inline bool is_manifest(MediaType type) {
  return type == MediaType::oci_manifest || type == MediaType::docker_manifest;
}

}  // namespace digester::registry::protocol
