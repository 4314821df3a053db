// A sum over what a text means and how it is written, but for white space and comments: who has it of a text
// need not read that again to know whether another means the same. No checksum against ill will: 64 bits, and
// no key.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "yaml/expander.hpp"

namespace digester::yaml {

class EventSum {
 public:
  void add(const Node& node) {
    const auto& event = node.event;
    mix(static_cast<std::uint64_t>(event.kind) << 8 | static_cast<std::uint64_t>(event.style) << 4 |
        (event.flow ? 1U : 0U) | (event.is_marked ? 2U : 0U) | (node.alias ? 4U : 0U));
    if (event.kind == EventKind::scalar) mix(hash(event.value));
    if (!event.anchor.empty()) mix(hash(event.anchor) + 1);
    if (!event.tag.empty()) mix(hash(event.tag) + 2);
  }
  std::uint64_t value() const { return sum_; }

 private:
  static std::uint64_t hash(std::string_view text) { return std::hash<std::string_view>()(text); }
  void mix(std::uint64_t part) {
    sum_ = (sum_ ^ part) * 0x9E3779B97F4A7C15ULL;
    sum_ ^= sum_ >> 29;
  }

  std::uint64_t sum_ = 0x243F6A8885A308D3ULL;
};

}  // namespace digester::yaml
