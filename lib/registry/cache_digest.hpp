// A digest as the cache keeps it: 32 raw bytes for sha256, which is what registries give.
#pragma once

#include <array>
#include <memory>
#include <variant>

#include "image/digest.hpp"

namespace digester::registry {

class PackedDigest {
 public:
  explicit PackedDigest(const image::Digest& digest);
  image::Digest unpack() const;
  // Besides sizeof(PackedDigest).
  std::size_t heap_bytes() const;

 private:
  using Sha256 = std::array<unsigned char, 32>;
  // The rare longer ones as they are.
  std::variant<Sha256, std::shared_ptr<const image::Digest>> digest_;
};

}  // namespace digester::registry
