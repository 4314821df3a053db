// A small YAML document as a bounded tree. yaml-cpp stays inside this header's .cpp: its own nodes share
// aliased ones, may hold cycles, and look members up in linear time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace digester::kube {

// A value; aliases are copied in, so that the tree is one.
struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  bool quoted = false;                                         // of a scalar: text whatever it looks like
  std::string scalar = {};                                     // as written, decoded
  std::vector<YamlNode> items = {};                            // of a sequence
  std::vector<std::pair<std::string, YamlNode>> members = {};  // of a mapping, in order, no key twice
  int line = 1;                                                // where it begins

  // Null where there is no such member, or this is no mapping; a null node and a missing one are the same.
  const YamlNode* find(std::string_view key) const;
};

struct YamlLimits {
  std::size_t bytes = 4 << 20;  // of the text, and of all scalars once aliases are copied in
  std::size_t nodes = 100'000;  // with aliases copied in
  std::size_t depth = 32;
};

// One document. ErrorKind::invalid or too_large, "line N: …", without a word of the content but keys: not
// UTF-8, a NUL, a syntax error, a second document, a key that is there twice or is no scalar, merge keys
// (`<<`), an alias to what it is part of. An empty text is a null node.
Result<YamlNode> parse_yaml(const std::string& text, const YamlLimits& limits = {});

}  // namespace digester::kube
