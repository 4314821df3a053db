#include "yaml/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "yaml/positions.hpp"
#include "yaml/text_checks.hpp"

namespace digester::yaml {

std::optional<Error> check_text(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes)
    return Error{ErrorKind::too_large, fmt::format("line 1: longer than {} bytes", limits.bytes)};
  // ASCII in UTF-16 and UTF-32 has a zero among its first two bytes even without a byte order mark.
  const auto first = text.substr(0, 2);
  if (first == "\xFF\xFE" || first == "\xFE\xFF" || (first.size() == 2 && first.find('\0') != first.npos))
    return Error{ErrorKind::invalid, "line 1: UTF-16 or UTF-32 text: save the file as UTF-8"};
  if (const auto at = text.find('\0'); at != text.npos) {
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
    return Error{ErrorKind::invalid, fmt::format("line {}: a NUL byte: this is no text file", line)};
  }
  return std::nullopt;
}

Error too_deep(std::size_t line, std::size_t depth) {
  return {ErrorKind::too_large, fmt::format("line {}: nested deeper than {} levels", line, depth)};
}

bool is_json(std::string_view text, const Limits& limits) {
  auto rest = text;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  if (rest.empty() || (rest.front() != '{' && rest.front() != '[')) return false;
  const auto reader = read_json(text, limits);
  while (true) {
    const auto event = reader->next();
    if (!event) return false;
    if (event->kind == EventKind::stream_end) return true;
  }
}

std::unique_ptr<EventReader> read(std::string_view text, const Limits& limits) {
  return is_json(text, limits) ? read_json(text, limits) : read_yaml(text, limits);
}

}  // namespace digester::yaml
