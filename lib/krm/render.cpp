#include "krm/render.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"
#include "krm/entries.hpp"
#include "yaml/writer.hpp"

namespace digester::krm {
namespace {

bool is_index(std::string_view text) {
  return !text.empty() && text.size() <= 9 &&
         text.find_first_not_of("0123456789") == std::string_view::npos && (text == "0" || text[0] != '0');
}

// Without bytes that are no UTF-8, which neither JSON nor YAML can say.
std::string clean(std::string_view value) {
  return text::is_valid_utf8(value) ? std::string(value) : text::printable(value, value.size() * 4);
}

// In double quotes. `text` is UTF-8.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t c = size == 1 ? lead : lead & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size; ++k)
      c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    // Controls, and what turns lines and directions around.
    const bool is_odd = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF ||
                        (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
                        (c >= 0x2066 && c <= 0x2069);
    if (c == '"' || c == '\\')
      out += {'\\', static_cast<char>(c)};
    else if (is_odd)
      out += c < 0x100 ? fmt::format("\\x{:02X}", c) : fmt::format("\\u{:04X}", c);
    else
      out += text.substr(i, size);
    i += size;
  }
  out += '"';
}

void append_flow(std::string& out, const std::vector<Entry>& entries, Notation notation) {
  out += '{';
  bool is_first = true;
  for (const auto& entry : entries) {
    if (!is_first) out += notation == Notation::json ? "," : ", ";
    is_first = false;
    out += fmt::format("\"{}\":{}", entry.key, notation == Notation::json ? "" : " ");
    if (!entry.members.empty())
      append_flow(out, entry.members, notation);
    else if (entry.is_word)
      out += entry.value;
    else if (notation == Notation::json)
      text::append_json_string(out, entry.value);
    else
      append_quoted(out, entry.value);
  }
  out += '}';
}

void append_block(std::string& out, const std::vector<Entry>& entries, const std::string& indent,
                  std::string_view line_end) {
  for (const auto& entry : entries) {
    out += fmt::format("{}{}:", indent, entry.key);
    if (!entry.members.empty()) {
      out += line_end;
      append_block(out, entry.members, indent + "  ", line_end);
      continue;
    }
    out += ' ';
    if (entry.is_word || yaml::is_plain_text(entry.value))
      out += entry.value;
    else
      append_quoted(out, entry.value);
    out += line_end;
  }
}

}  // namespace

std::vector<Entry> entries_of(const Finding& finding) {
  const auto group = [](std::string_view key, std::vector<Entry> members) {
    std::erase_if(members, [](const Entry& entry) { return entry.value.empty(); });
    return Entry{key, {}, false, std::move(members)};
  };
  std::vector<Entry> all = {{"message", clean(finding.message)},
                            {"severity", std::string(to_string(finding.severity))},
                            group("resourceRef", {{"apiVersion", clean(finding.api_version)},
                                                  {"kind", clean(finding.kind)},
                                                  {"name", clean(finding.name)},
                                                  {"namespace", clean(finding.namespace_)}}),
                            group("field", {{"path", clean(finding.field_path)},
                                            {"currentValue", clean(finding.current_value)},
                                            {"proposedValue", clean(finding.proposed_value)}}),
                            group("file", {{"path", clean(finding.file_path)}})};
  if (auto& file = all.back().members; !file.empty() && is_index(finding.file_index))
    file.push_back({"index", finding.file_index, true});
  std::erase_if(all, [](const Entry& entry) { return entry.value.empty() && entry.members.empty(); });
  return all;
}

std::string_view to_string(Severity severity) {
  constexpr std::string_view kNames[] = {"error", "warning", "info"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto severity : {Severity::error, Severity::warning, Severity::info})
    if (text == to_string(severity)) return severity;
  return std::nullopt;
}

std::string render(const Finding& finding, Notation notation) {
  std::string out;
  append_flow(out, entries_of(finding), notation);
  return out;
}

std::string render_block(const Finding& finding, std::string_view indent, std::string_view line_end) {
  std::string out;
  append_block(out, entries_of(finding), std::string(indent) + "  ", line_end);
  // The first line's last two columns before its key are the element's mark.
  out[indent.size()] = '-';
  return out;
}

}  // namespace digester::krm
