// From libyaml's marks to bytes and lines. Internal to the room.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace digester::yaml {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// libyaml counts code points of what it is given: the text without the byte order marks at the beginnings of
// lines. Asked in about ascending order, all answers together cost one walk over the text; none at all if it
// is ASCII.
class Positions {
 public:
  explicit Positions(std::string_view text);

  // The text in the pieces that libyaml is to be given: up to the next dropped mark, from byte `offset` on.
  std::string_view piece(std::size_t offset) const;

  // Of a code point that something begins at: behind a byte order mark. And of one that something ends
  // before.
  std::size_t begin_byte(std::size_t index);
  std::size_t end_byte(std::size_t index);

  // Of the n-th byte that libyaml was given.
  std::size_t byte_of_given(std::size_t given) const;

  // From 1, of a byte. libyaml's `line` (from 0) is right unless there are breaks that no editor knows (NEL,
  // LS, PS).
  std::size_t line(std::size_t byte, std::size_t libyaml_line);
  // Counted from the beginning.
  std::size_t count_line(std::size_t byte) const;

 private:
  bool is_dropped(std::size_t byte) const;
  void move_to(std::size_t index);
  void forward(std::size_t index);

  std::string_view text_;
  std::size_t base_ = 0;              // after a byte order mark at the very beginning
  std::vector<std::size_t> dropped_;  // further marks
  bool ascii_ = false;                // from base_ on
  bool odd_breaks_ = false;
  std::size_t index_ = 0;  // of the code point that begins at byte_
  std::size_t byte_ = 0;
  std::size_t line_byte_ = 0;  // line_ is the number of breaks before it
  std::size_t line_ = 0;
};

}  // namespace digester::yaml
