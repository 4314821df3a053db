// Changes to a text that leave all else as it is, byte for byte, and in meaning too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/digest.hpp"
#include "manifest/images.hpp"
#include "yaml/event.hpp"

namespace digester::manifest {

// The bytes `[begin, end)` become `text`; the scalar that begins at `scalar` then reads `value`.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;  // an insertion has begin == end
  std::string text;
  std::size_t scalar = 0;
  std::string value;
  std::optional<yaml::ScalarStyle> style = {};  // that it is then written in; none: as before
  friend bool operator==(const Edit&, const Edit&) = default;
};

// "@" + digest behind an image that is `open`.
Result<Edit> pinning(const ImageField& field, const image::Digest& digest);

// Any other value: only what differs at the end is replaced. An image that is written with escapes can only
// get longer. `value` must be something that reads the same in every style: letters, digits and "-._:/@".
Result<Edit> replacing(const ImageField& field, std::string_view value);

// The text with the edits carried out, in any order, and no more: nobody has read it again. An error if two
// are in one place. For `room` bytes more it need not be copied.
Result<std::string> splice(std::string_view text, std::vector<Edit> edits, std::size_t room = 0);

// The text with the edits carried out, in any order; equal ones (of fields that share a scalar) count once.
// Old and new are then read in lockstep, aliases followed: had anything changed but the scalars that were to
// change, into what they were to become, the result is an error and nothing else. With the old text's `sum`,
// for edits by pinning() and replacing(), the new one is read first, with each edit taken back: if that has
// the same sum, the old one is not read again.
Result<std::string> apply_edits(std::string_view text, std::vector<Edit> edits,
                                std::optional<std::uint64_t> sum = std::nullopt);

}  // namespace digester::manifest
