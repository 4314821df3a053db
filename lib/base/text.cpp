#include "base/text.hpp"

#include <fmt/format.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace digester::text {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_reverse() {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table)
    entry = -1;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}
constexpr auto kReverse = make_reverse();

// Two digits for each twelve bits.
using Digits = std::array<char, 2>;
constexpr std::array<Digits, 4096> make_pairs() {
  std::array<Digits, 4096> table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  return table;
}
constexpr auto kPairs = make_pairs();

std::uint64_t load(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

constexpr std::uint64_t from_big_endian(std::uint64_t word) {
  return std::endian::native == std::endian::big ? word : __builtin_bswap64(word);
}

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // 0: invalid sequence
};

// One well-formed UTF-8 sequence (Unicode table 3-7) at `at`, or length 0.
CodePoint decode(std::string_view s, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned b0 = byte(at);
  if (b0 < 0x80) return {b0, 1};
  const std::size_t length = b0 >= 0xC2 && b0 <= 0xDF   ? 2
                             : (b0 & 0xF0) == 0xE0      ? 3
                             : b0 >= 0xF0 && b0 <= 0xF4 ? 4
                                                        : 0;
  if (length == 0 || s.size() - at < length) return {};
  std::uint32_t value = length == 2 ? b0 & 0x1F : length == 3 ? b0 & 0x0F : b0 & 0x07;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(at + i) & 0x3F);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, length};
}

bool is_harmful(std::uint32_t c) {
  return c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0) || c == 0x61C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

constexpr std::string_view kEllipsis = "…";

// A byte in each of eight places.
constexpr std::uint64_t in_each(std::uint64_t byte) {
  return byte * 0x0101010101010101;
}

bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7F;
}

// Almost every text we meet is plain, so that eight bytes are looked at together: a place's top bit is set
// where a byte is over 0x7E, or (by the borrow) below 0x20.
bool all_printable_ascii(std::uint64_t word) {
  return (((word - in_each(0x20)) | (word + in_each(1)) | word) & in_each(0x80)) == 0;
}
// How much of the text, from its start, is printable ASCII.
std::size_t printable_ascii_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i + 8 <= text.size() && all_printable_ascii(load(text.data() + i)))
    i += 8;
  while (i < text.size() && is_printable_ascii(text[i]))
    ++i;
  return i;
}

#ifdef __SSE2__
// Whether sixteen bytes stand in a JSON string as they are. Compared as signed bytes: those over 0x7F are
// negative, and so below 0x20.
bool plain_json(const char* bytes) {
  const auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const auto is = [&](char c) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(c)); };
  const auto low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
  return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, is(0x7F)), _mm_or_si128(is('"'), is('\\')))) == 0;
}
constexpr std::size_t kBlock = 16;
#else
// For words of printable ASCII.
bool has(std::uint64_t word, char c) {
  const auto zero_there = word ^ in_each(static_cast<unsigned char>(c));
  return ((zero_there - in_each(1)) & ~zero_there & in_each(0x80)) != 0;
}

bool plain_json(const char* bytes) {
  const auto word = load(bytes);
  return all_printable_ascii(word) && !has(word, '"') && !has(word, '\\');
}
constexpr std::size_t kBlock = 8;
#endif

// How much of it stands in a JSON string as it is.
std::size_t plain_json_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i + kBlock <= text.size() && plain_json(text.data() + i))
    i += kBlock;
  // The rest together with what comes before it, which is known to be plain.
  if (i != 0 && i + kBlock > text.size() && plain_json(text.data() + text.size() - kBlock))
    return text.size();
  while (i < text.size() && is_printable_ascii(text[i]) && text[i] != '"' && text[i] != '\\')
    ++i;
  return i;
}

// One code point, `text` its bytes.
void append_json_escape(std::string& out, std::uint32_t value, std::string_view text) {
  switch (value) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      // All of them are below 0x10000.
      if (is_harmful(value))
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
      else
        out += text;
  }
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  char* to = out.data();
  const auto put = [&to](std::uint64_t twelve_bits) {
    std::memcpy(to, kPairs[twelve_bits & 4095].data(), 2);
    to += 2;
  };
  std::size_t i = 0;
  // Six bytes of eight that are read at once.
  for (; i + 8 <= bytes.size(); i += 6) {
    const auto v = from_big_endian(load(bytes.data() + i)) >> 16;
    put(v >> 36);
    put(v >> 24);
    put(v >> 12);
    put(v);
  }
  auto at = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[k])); };
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t v = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    put(v >> 12);
    put(v);
  }
  if (const auto rest = bytes.size() - i; rest != 0) {
    const std::uint32_t v = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
    put(v >> 12);
    if (rest == 2) *to = kAlphabet[v >> 6 & 63];
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 == 0) {
    if (text.ends_with("==")) {
      text.remove_suffix(2);
    } else if (text.ends_with('=')) {
      text.remove_suffix(1);
    }
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = kReverse[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((count += 6) >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  for (auto i = printable_ascii_prefix(text); i < text.size();) {
    const auto point = decode(text, i);
    if (point.length == 0) return false;
    i += point.length;
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  if (plain_json_prefix(text) == text.size()) {
    const auto at = out.size();
    out.resize(at + text.size() + 2);
    out[at] = '"';
    text.copy(out.data() + at + 1, text.size());
    out.back() = '"';
    return;
  }
  out += '"';
  while (!text.empty()) {
    const auto plain = plain_json_prefix(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto point = decode(text, 0);
    if (point.length == 0) {
      fmt::format_to(std::back_inserter(out), "\\\\x{:02x}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    append_json_escape(out, point.value, text.substr(0, point.length));
    text.remove_prefix(point.length);
  }
  out += '"';
}

std::string truncate(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  if (max_bytes < kEllipsis.size()) return {};
  std::size_t end = max_bytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return std::string(text.substr(0, end)).append(kEllipsis);
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  if (printable_ascii_prefix(text) == text.size()) return truncate(text, max_bytes);
  std::string out;
  out.reserve(std::min(text.size(), max_bytes));
  for (std::size_t i = 0; i < text.size() && out.size() <= max_bytes;) {
    const auto point = decode(text, i);
    if (point.length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[i]));
      ++i;
      continue;
    }
    if (is_harmful(point.value)) {
      if (point.value < 0x80)
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", point.value);
      else
        fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", point.value);
    } else {
      out.append(text.substr(i, point.length));
    }
    i += point.length;
  }
  return truncate(out, max_bytes);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

namespace {
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

bool is_blank(std::string_view text) {
  return trim(text).empty();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace digester::text
