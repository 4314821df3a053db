// Remembers what texts parse to: the images of a ReplicaSet's hundredth Pod are those of its first.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/reference.hpp"

namespace digester::image {

// Bounded: each text has one place, and the next with the same place takes it. Not safe for threads. Takes
// no memory before the first use; then 16 KiB, and under 2 MiB of references whatever the texts.
class ReferenceMemo {
 public:
  static constexpr std::size_t kPlaces = 1024;
  static constexpr std::size_t kLongest = 512;  // bytes; longer texts are parsed each time

  // As Reference::parse(). What is no reference is not remembered.
  Result<Reference> parse(std::string_view text);

 private:
  std::vector<std::optional<Reference>> places_;
};

}  // namespace digester::image
