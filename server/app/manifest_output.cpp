#include "app/manifest_output.hpp"

namespace digester::app {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The first line that is neither blank nor a comment.
std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    const auto line = text.substr(0, end);
    const auto content = line.find_first_not_of(" \t");
    if (content != std::string_view::npos && line[content] != '#') return line;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return {};
}

bool begins_document(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t');
}

}  // namespace

void append_documents(std::string& stream, std::string_view text) {
  if (stream.empty()) {
    stream = text;
    return;
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!stream.ends_with('\n')) stream += '\n';
  const auto line = first_line(text);
  if (line.starts_with('%'))
    stream += "...\n";  // directives follow an ended document alone
  else if (!begins_document(line))
    stream += "---\n";
  stream += text;
}

}  // namespace digester::app
