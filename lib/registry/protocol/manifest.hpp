// Manifest documents, checked for being what they claim (OCI image-spec: manifest, index; Docker schema 2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "registry/protocol/media_type.hpp"
#include "registry/protocol/platform.hpp"

namespace digester::registry::protocol {

struct Child {
  std::string digest;  // as written, not validated
  MediaType type = MediaType::other;
  std::optional<Platform> platform;
};

struct Manifest {
  bool index = false;
  std::vector<Child> children;  // of an index, in order
};

// A JSON object with schemaVersion 2 and the shape of an index (`manifests`) or of a manifest (`config` and
// `layers`), never both: such a document means different images to different readers (CVE-2021-41190).
// Errors: unsupported (schema 1), protocol; the message is a cause alone, without the peer's text.
Result<Manifest> read_manifest(std::string body);

// The first image of that platform, as `crane digest --platform` picks it: os and architecture equal, the
// variant only if asked for; a child without platform counts as linux/amd64. Null if there is none.
const Child* choose_child(const Manifest& index, const Platform& wanted);
// For people: "linux/amd64, linux/arm64/v8"; printable and bounded, "none" for an index without images.
std::string list_platforms(const Manifest& index);

}  // namespace digester::registry::protocol
