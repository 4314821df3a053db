#include "kustomization/kustomization.hpp"

namespace digester::kustomization {

ImageParts split_image(std::string_view image) {
  ImageParts out;
  if (const auto at = image.find('@'); at != std::string_view::npos) {
    out.digest = image.substr(at + 1);
    image = image.substr(0, at);
  }
  const auto slash = image.rfind('/');
  const auto colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    out.tag = image.substr(colon + 1);
    image = image.substr(0, colon);
  }
  out.name = image;
  return out;
}

}  // namespace digester::kustomization
