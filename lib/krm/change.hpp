// Results on their way into a text, and the proof that nothing else changed. Internal to the room.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "krm/finding.hpp"
#include "krm/input.hpp"
#include "yaml/taken_back.hpp"

namespace digester::krm {

// The bytes `[begin, end)` become `text`: new events come before the one of this number, or in its place.
struct Change {
  std::size_t begin = 0, end = 0;
  std::string text;
  std::size_t event = 0;  // kNone: none come
  bool replaces = false;  // the event, which is null
  bool is_new = false;    // the key `results` comes too
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

using Written = std::span<const Finding* const>;

// `changed` reads as the text that `old_layout` is of, but for the replaced scalars, which are in ascending
// order, and the findings where the change put them. `change` is in bytes of the text with the scalars
// replaced; its own text is not looked at, but its size is `inserted`.
Result<void> check_change(std::string_view changed, const Change& change, std::size_t inserted,
                          std::string_view removed, const Layout& old_layout, Written findings,
                          std::span<const yaml::Replaced> replaced);

}  // namespace digester::krm
