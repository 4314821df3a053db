#include "yaml/positions.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace digester::yaml {
namespace {

std::uint64_t eight_bytes(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8)
    if ((eight_bytes(text.data() + i) & kHigh) != 0) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Of eight bytes, how many begin a code point.
std::size_t beginnings(std::uint64_t bytes) {
  // A continuation has the high bit and not the one below.
  const auto continuations = bytes & ~(bytes << 1) & 0x8080808080808080;
  return 8 - static_cast<std::size_t>(std::popcount(continuations));
}

// Line breaks that end in [from, to).
std::size_t breaks(std::string_view text, std::size_t from, std::size_t to) {
  std::size_t count = 0;
  for (auto i = from; i < to; ++i)
    if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) ++count;
  return count;
}

}  // namespace

Positions::Positions(std::string_view text) : text_(text) {
  if (text.starts_with(kByteOrderMark)) base_ = byte_ = kByteOrderMark.size();
  ascii_ = is_ascii(text.substr(base_));
  if (ascii_) return;
  for (auto at = text.find(kByteOrderMark, base_); at != std::string_view::npos;
       at = text.find(kByteOrderMark, at + 1))
    if (at == base_ || text[at - 1] == '\n' || text[at - 1] == '\r') dropped_.push_back(at);
  for (const std::string_view odd : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"})
    if (text.find(odd) != std::string_view::npos) odd_breaks_ = true;
}

std::string_view Positions::piece(std::size_t offset) const {
  offset = std::max(offset, base_);
  if (is_dropped(offset)) offset += kByteOrderMark.size();
  const auto next = std::lower_bound(dropped_.begin(), dropped_.end(), offset);
  return text_.substr(offset, next == dropped_.end() ? std::string_view::npos : *next - offset);
}

std::size_t Positions::begin_byte(std::size_t index) {
  const auto byte = end_byte(index);
  return is_dropped(byte) ? byte + kByteOrderMark.size() : byte;
}

std::size_t Positions::end_byte(std::size_t index) {
  if (ascii_) return std::min(base_ + index, text_.size());
  move_to(index);
  return byte_;
}

bool Positions::is_dropped(std::size_t byte) const {
  return !dropped_.empty() && std::binary_search(dropped_.begin(), dropped_.end(), byte);
}

void Positions::move_to(std::size_t index) {
  while (index_ > index) {
    do
      --byte_;
    while (byte_ > base_ && is_continuation(text_[byte_]));
    if (!is_dropped(byte_)) --index_;
  }
  forward(index);
}

void Positions::forward(std::size_t index) {
  const auto to_next = [this] {
    while (byte_ < text_.size() && is_continuation(text_[byte_]))
      ++byte_;
  };
  if (dropped_.empty()) {
    while (byte_ + 8 <= text_.size()) {
      const auto count = beginnings(eight_bytes(text_.data() + byte_));
      if (index_ + count > index) break;
      index_ += count;
      byte_ += 8;
      to_next();
    }
  }
  while (index_ < index && byte_ < text_.size()) {
    if (is_dropped(byte_)) byte_ += kByteOrderMark.size();
    if (byte_ == text_.size()) return;
    ++byte_;
    to_next();
    ++index_;
  }
}

std::size_t Positions::byte_of_given(std::size_t given) const {
  auto byte = base_ + given;
  for (const auto at : dropped_) {
    if (at > byte) break;
    byte += kByteOrderMark.size();
  }
  return std::min(byte, text_.size());
}

std::size_t Positions::line(std::size_t byte, std::size_t libyaml_line) {
  if (!odd_breaks_) return libyaml_line + 1;
  if (byte >= line_byte_)
    line_ += breaks(text_, line_byte_, byte);
  else
    line_ -= breaks(text_, byte, line_byte_);
  line_byte_ = byte;
  return line_ + 1;
}

std::size_t Positions::count_line(std::size_t byte) const {
  return breaks(text_, 0, byte) + 1;
}

}  // namespace digester::yaml
