#include "app/manifest_output.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/text.hpp"
#include "yaml/reader.hpp"

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

// Where a block scalar ends the text within its last line: `|` and `>` would take the line break that another
// text needs before it for their own. Nothing else where they keep none, or have one.
std::string with_closed_block(std::string_view text) {
  std::string out(text);
  if (text.empty() || text.ends_with('\n')) return out;
  yaml::Event last;
  bool keeps_break = false;
  const auto reader = yaml::read(text);
  while (true) {
    const auto event = reader->next();
    if (!event) return out;
    if (event->kind == yaml::EventKind::stream_end) break;
    if (event->kind != yaml::EventKind::scalar) continue;
    last = *event;
    keeps_break = last.value.ends_with('\n');
  }
  const bool is_block = last.style == yaml::ScalarStyle::literal || last.style == yaml::ScalarStyle::folded;
  if (!is_block || last.end != text.size() || keeps_break) return out;
  // Behind the anchor and the tag, in which neither sign stands before a blank.
  auto at = last.begin;
  while (at < text.size() && (text[at] == '&' || text[at] == '!'))
    at = std::min(text.find_first_not_of(" \t\r\n", std::min(text.find_first_of(" \t\r\n", at), text.size())),
                  text.size());
  if (at == text.size() || (text[at] != '|' && text[at] != '>')) return out;
  const auto end = std::min(text.find_first_not_of("0123456789+-", at + 1), text.size());
  if (const auto keep = text.find('+', at); keep < end)
    out[keep] = '-';
  else if (text.find('-', at) >= end)
    out.insert(end, 1, '-');
  return out;
}

bool begins_document(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t');
}

void append(std::string& stream, std::string_view text) {
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

// What a text holds, without the marks of documents and without empty ones.
class Content {
 public:
  explicit Content(std::unique_ptr<yaml::EventReader> reader) : reader_(std::move(reader)) {}

  // stream_end at the end.
  Result<yaml::Event> next() {
    while (true) {
      auto event = reader_->next();
      if (!event) return event;
      if (event->kind == yaml::EventKind::document_start) {
        begins_ = true;
        continue;
      }
      if (event->kind == yaml::EventKind::document_end) continue;
      const bool first = std::exchange(begins_, false);
      const bool empty = event->kind == yaml::EventKind::scalar && event->begin == event->end;
      if (!first || !empty) return event;
    }
  }

 private:
  std::unique_ptr<yaml::EventReader> reader_;
  bool begins_ = false;
};

bool same(const yaml::Event& a, const yaml::Event& b) {
  return a.kind == b.kind && a.value == b.value && a.anchor == b.anchor && a.tag == b.tag &&
         (a.style == yaml::ScalarStyle::plain) == (b.style == yaml::ScalarStyle::plain);
}

// The text is there, from where `stream` stands.
bool follows(std::string_view text, Content& stream) {
  Content own(yaml::read(text));
  while (true) {
    const auto wanted = own.next();
    if (!wanted) return false;
    if (wanted->kind == yaml::EventKind::stream_end) return true;
    const auto event = stream.next();
    if (!event || !same(*wanted, *event)) return false;
  }
}

}  // namespace

Result<std::string> join_documents(std::span<const NamedText> texts) {
  if (texts.size() < 2) return std::string(texts.empty() ? std::string_view() : texts.front().text);
  std::string stream;
  for (const auto& [name, text] : texts.first(texts.size() - 1))
    append(stream, with_closed_block(text));
  append(stream, texts.back().text);
  Content content(yaml::read(stream));
  for (const auto& [name, text] : texts)
    if (!follows(text, content))
      return fail(
          ErrorKind::invalid,
          fmt::format(
              "{}: it cannot be printed with the other files without being read as something else; end "
              "it with a line break, print it alone, or use -i",
              text::printable(name, 1024)));
  const auto rest = content.next();
  if (!rest || rest->kind != yaml::EventKind::stream_end)
    return fail(ErrorKind::invalid,
                "the files cannot be printed as one stream; print them one by one, or use -i");
  return stream;
}

}  // namespace digester::app
