// What a stream of YAML or JSON documents consists of, each piece with the bytes that it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace digester::yaml {

enum class EventKind : std::uint8_t {
  document_start,
  document_end,
  scalar,
  alias,
  sequence_start,
  sequence_end,
  mapping_start,  // its members follow as key, value, key, value…
  mapping_end,
  stream_end,
};

enum class ScalarStyle : std::uint8_t { plain, single_quoted, double_quoted, literal, folded };

// The views are valid until the next event is asked for.
struct Event {
  EventKind kind = EventKind::stream_end;
  ScalarStyle style = ScalarStyle::plain;
  bool flow = false;        // sequences and mappings: written in brackets
  bool is_marked = false;   // documents: `---` or `...` is written
  std::string_view value;   // scalars: what it means, escapes and folds undone
  std::string_view anchor;  // of the node; of an alias: what it refers to
  std::string_view tag;     // as resolved by the directives: "tag:yaml.org,2002:str"
  // In the text: `[begin, end)`. A scalar with an anchor or a tag begins there; a block scalar ends where the
  // next line that is not blank begins.
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t line = 0;  // of `begin`, from 1; ends at \n, \r\n or \r, as in an editor
};

inline bool is_node(EventKind kind) {
  return kind == EventKind::scalar || kind == EventKind::alias || kind == EventKind::sequence_start ||
         kind == EventKind::mapping_start;
}
inline bool opens(EventKind kind) {
  return kind == EventKind::sequence_start || kind == EventKind::mapping_start;
}
inline bool closes(EventKind kind) {
  return kind == EventKind::sequence_end || kind == EventKind::mapping_end;
}

}  // namespace digester::yaml
