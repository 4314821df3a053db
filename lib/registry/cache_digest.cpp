#include "registry/cache_digest.hpp"

namespace digester::registry {
namespace {

unsigned nibble(char digit) {
  return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

}  // namespace

PackedDigest::PackedDigest(const image::Digest& digest) {
  if (digest.algorithm() != image::Digest::Algorithm::sha256) {
    digest_ = std::make_shared<const image::Digest>(digest);
    return;
  }
  auto& bytes = digest_.emplace<Sha256>();
  const auto hex = digest.hex();  // a Digest holds 64 lower-case digits
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<unsigned char>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

image::Digest PackedDigest::unpack() const {
  if (const auto* digest = std::get_if<std::shared_ptr<const image::Digest>>(&digest_)) return **digest;
  return image::Digest::from_sha256(std::get<Sha256>(digest_));
}

std::size_t PackedDigest::heap_bytes() const {
  const auto* digest = std::get_if<std::shared_ptr<const image::Digest>>(&digest_);
  return digest ? sizeof(image::Digest) + (*digest)->str().capacity() + 32 : 0;
}

}  // namespace digester::registry
