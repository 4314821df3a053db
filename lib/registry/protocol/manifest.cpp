#include "registry/protocol/manifest.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "json/value.hpp"

namespace digester::registry::protocol {
namespace {

std::optional<Platform> read_platform(json::Value value) {
  if (!value.is_object()) return std::nullopt;
  Platform platform;
  platform.os = value.find("os").string_or("");
  platform.architecture = value.find("architecture").string_or("");
  platform.variant = value.find("variant").string_or("");
  return platform;
}

Child read_child(json::Value value) {
  Child child;
  child.digest = value.find("digest").string_or("");
  child.type = parse_media_type(value.find("mediaType").string_or(""));
  child.platform = read_platform(value.find("platform"));
  return child;
}

}  // namespace

Result<Manifest> read_manifest(std::string body) {
  const auto bad = [](std::string why) { return fail(ErrorKind::protocol, "its manifest " + why); };
  json::Document document;
  const auto root = document.parse(body);
  if (!root) return bad("is not JSON");
  if (!root->is_object()) return bad("is not a JSON object");

  const auto declared = parse_media_type(root->find("mediaType").string_or(""));
  const auto version = root->find("schemaVersion").integer();
  if (version == 1 || declared == MediaType::schema1)
    return fail(ErrorKind::unsupported, "it has this image only in the obsolete schema 1 format");
  if (version != 2) return bad("has no schemaVersion 2");

  const bool has_children = root->find("manifests").present();
  const bool has_image = root->find("config").present() || root->find("layers").present();
  if (has_children && has_image) return bad("claims to be an index and an image at once");
  if ((has_children && is_manifest(declared)) || (has_image && is_index(declared)))
    return bad("contradicts its own media type");

  Manifest manifest;
  if (has_children) {
    const auto children = root->find("manifests");
    if (!children.is_array()) return bad("has the shape of neither an index nor an image");
    manifest.index = true;
    for (const auto child : children.elements()) {
      if (!child.is_object() || !child.find("digest").is_string())
        return bad("lists something that is no image");
      manifest.children.push_back(read_child(child));
    }
    return manifest;
  }
  if (!root->find("config").is_object() || !root->find("layers").is_array())
    return bad("has the shape of neither an index nor an image");
  return manifest;
}

namespace {

// What a child without a platform counts as.
const Platform kUnnamed{"linux", "amd64", ""};

// arm64 is arm64/v8 to every runtime.
bool is_default_variant(const Platform& has, const Platform& wanted) {
  return has.variant.empty() && wanted.architecture == "arm64" && wanted.variant == "v8";
}

}  // namespace

const Child* choose_child(const Manifest& index, const Platform& wanted) {
  for (const auto& child : index.children) {
    if (is_index(child.type)) continue;
    const auto& has = child.platform ? *child.platform : kUnnamed;
    if (has.os != wanted.os || has.architecture != wanted.architecture) continue;
    if (!wanted.variant.empty() && has.variant != wanted.variant && !is_default_variant(has, wanted))
      continue;
    return &child;
  }
  return nullptr;
}

std::string list_platforms(const Manifest& index) {
  constexpr std::size_t kListed = 12;
  std::string list;
  std::vector<std::string> listed;
  for (const auto& child : index.children) {
    // Build tools put attestations beside images, as children for unknown/unknown.
    const auto& has = child.platform ? *child.platform : kUnnamed;
    if (is_index(child.type) || has.os == "unknown") continue;
    auto name = text::printable(has.str(), 48);
    if (std::find(listed.begin(), listed.end(), name) != listed.end()) continue;
    if (listed.size() == kListed) return list + ", …";
    if (!list.empty()) list += ", ";
    list += name;
    listed.push_back(std::move(name));
  }
  return list.empty() ? "none" : list;
}

}  // namespace digester::registry::protocol
