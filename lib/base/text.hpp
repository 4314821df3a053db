// Small text tools that the standard library lacks. Everything is byte based and locale free.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digester::text {

// RFC 4648 §4, with padding.
std::string base64_encode(std::string_view bytes);
// Accepts padded and unpadded input, rejects everything else (white space too).
std::optional<std::string> base64_decode(std::string_view text);

// A copy that is safe to print on one line: control characters, DEL, C1 controls, bidi controls, line
// separators and invalid UTF-8 become `\xNN` or `\u{…}`; at most `max_bytes` bytes, cut at a character
// boundary and ended with `…` when something was cut.
std::string printable(std::string_view text, std::size_t max_bytes = 512);

// Cut to at most `max_bytes` bytes, never inside a UTF-8 sequence, ended with `…` if something was cut.
std::string truncate(std::string_view text, std::size_t max_bytes);

bool is_valid_utf8(std::string_view text);

// Appends `text` as a JSON string (RFC 8259 §7), quotes included. What printable() would spell out is escaped
// as \uXXXX, so that the line is safe to print and the value is still the same; only bytes that are no UTF-8
// are spelt out.
void append_json_string(std::string& out, std::string_view text);

// ASCII only.
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);  // ASCII white space, both ends
bool is_blank(std::string_view text);          // empty or ASCII white space only
// RFC 3986 §2.1: everything but letters, digits and "-._~" as %XX, for any place in a URL or a form.
std::string percent_encode(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty parts

}  // namespace digester::text
