#include "known/image_map.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "known/ko_references.hpp"
#include "known/reading.hpp"

namespace digester::known {
namespace {

constexpr std::string_view kForms =
    "a map has \"path: reference\" in YAML or JSON, or a line \"path=reference\" each";

bool counts(std::string_view line) {
  return !line.empty() && line.front() != '#';
}

// By the first line that counts: a pair has no colon where YAML needs one.
bool is_list_of_pairs(std::string_view text) {
  for (const auto raw : text::split(text, '\n')) {
    const auto line = text::trim(raw);
    if (!counts(line)) continue;
    const auto first = line.substr(0, line.find_first_of(" \t="));
    return first.size() < line.size() && !first.ends_with(':') && first != "---" &&
           std::string_view("{[\"'&*!|>%@-").find(first.front()) == std::string_view::npos;
  }
  return false;
}

Result<ImageMap> read_pairs(std::string_view text) {
  ImageMap map;
  std::size_t number = 0;
  for (const auto raw : text::split(text, '\n')) {
    ++number;
    const auto line = text::trim(raw);
    if (!counts(line)) continue;
    const auto end = line.find_first_of(" \t=");
    if (end == std::string_view::npos)
      return fail(at_line(number, fmt::format("\"{}\" is no pair; {}", text::printable(line, 128), kForms)));
    const auto rest = text::trim(line.substr(end + 1));
    if (auto added = map.add(line.substr(0, end), rest, number); !added)
      return fail(std::move(added.error()));
  }
  return map;
}

}  // namespace

Result<ImageMap> ImageMap::read(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > kMaxFile)
    return fail(ErrorKind::too_large, fmt::format("longer than {} bytes", kMaxFile));
  if (is_list_of_pairs(text)) return read_pairs(text);
  const auto documents = yaml::read_trees(text, kTreeLimits);
  if (!documents) return fail(documents.error());
  ImageMap map;
  for (const auto& document : *documents) {
    if (document.is_null()) continue;
    if (!document.is_mapping()) return fail(at_line(document.line, fmt::format("no map; {}", kForms)));
    for (const auto& [path, is_text, line, value] : document.members) {
      if (!value.is_scalar() || value.is_null())
        return fail(
            at_line(line, fmt::format("\"{}\" has no reference; {}", text::printable(path, 128), kForms)));
      if (auto added = map.add(path, value.scalar, line); !added) return fail(std::move(added.error()));
    }
  }
  return map;
}

Result<void> ImageMap::add(std::string_view path, std::string_view reference, std::size_t line) {
  if (path.starts_with(kKoScheme)) path.remove_prefix(kKoScheme.size());
  const bool is_odd = std::any_of(path.begin(), path.end(),
                                  [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
  if (path.empty() || is_odd)
    return fail(
        at_line(line, fmt::format("\"{}\" is no import path; {}", text::printable(path, 128), kForms)));
  if (references_.size() >= kMaxEntries)
    return fail(at_line(line, fmt::format("more than {} references", kMaxEntries), ErrorKind::too_large));
  const auto what = fmt::format("the reference of {}", text::printable(path, 128));
  if (auto read = read_replacement(reference, line, what); !read) return fail(std::move(read.error()));
  const auto [place, is_new] =
      references_.try_emplace(std::string(path), Entry{std::string(reference), line});
  if (!is_new && place->second.reference != reference)
    return fail(at_line(line, fmt::format("{} has another reference on line {}; remove one of them",
                                          text::printable(path, 128), place->second.line)));
  return {};
}

std::optional<std::string> ImageMap::find(std::string_view image) const {
  if (!image.starts_with(kKoScheme)) return std::nullopt;
  const auto found = references_.find(std::string(image.substr(kKoScheme.size())));
  if (found == references_.end()) return std::nullopt;
  return found->second.reference;
}

}  // namespace digester::known
