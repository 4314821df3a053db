#include "registry/protocol/media_type.hpp"

#include "base/text.hpp"

namespace digester::registry::protocol {

MediaType parse_media_type(std::string_view value) {
  const auto type = text::to_lower(text::trim(value.substr(0, value.find(';'))));
  if (type == "application/vnd.oci.image.index.v1+json") return MediaType::oci_index;
  if (type == "application/vnd.oci.image.manifest.v1+json") return MediaType::oci_manifest;
  if (type == "application/vnd.docker.distribution.manifest.list.v2+json") return MediaType::docker_list;
  if (type == "application/vnd.docker.distribution.manifest.v2+json") return MediaType::docker_manifest;
  if (type == "application/vnd.docker.distribution.manifest.v1+json" ||
      type == "application/vnd.docker.distribution.manifest.v1+prettyjws")
    return MediaType::schema1;
  return MediaType::other;
}

}  // namespace digester::registry::protocol
