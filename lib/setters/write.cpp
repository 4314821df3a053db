#include "setters/write.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::setters {
namespace {

using manifest::Edit;
using yaml::ScalarStyle;

bool has_odd_characters(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c < 0x20 || c == 0x7f) return true;
    const auto rest = value.substr(i, 3);
    if (rest.starts_with("\xC2") && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0)
      return true;
    if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9" || rest == "\xEF\xBB\xBF") return true;
  }
  return false;
}

bool can_be_plain(std::string_view value, bool in_flow) {
  if (value.empty() || value.front() == ' ' || value.back() == ' ' || value.back() == ':') return false;
  if (has_odd_characters(value)) return false;
  if (std::string_view("#&*!|>'\"%@`,[]{}").find(value.front()) != std::string_view::npos) return false;
  if (std::string_view("-?:").find(value.front()) != std::string_view::npos &&
      (value.size() == 1 || value[1] == ' ' || in_flow))
    return false;
  if (value.starts_with("---") || value.starts_with("...")) return false;
  if (value.find(": ") != std::string_view::npos || value.find(" #") != std::string_view::npos) return false;
  return !in_flow || value.find_first_of(",[]{}") == std::string_view::npos;
}

std::string in_single_quotes(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out += "'";
}

// Each JSON string is one of YAML, and safe to print.
std::string in_double_quotes(std::string_view value) {
  std::string out;
  text::append_json_string(out, value);
  return out;
}

Result<Edit> write_block(const Field& field, std::string_view text, std::string_view value) {
  const std::string_view old = field.value;
  const auto size = std::min(old.find_last_not_of('\n') + 1, old.size());
  const auto line = old.substr(0, size);
  const auto refuse = [&](std::string_view why) {
    return fail(
        ErrorKind::invalid,
        fmt::format("line {}: {}; write the value on one line, plainly or in quotes", field.line, why));
  };
  if (line.empty() || line.find('\n') != std::string_view::npos)
    return refuse("a block scalar of several lines cannot be set");
  if (value.empty() || value.front() == ' ' || value.back() == ' ' || has_odd_characters(value))
    return refuse(fmt::format("a block scalar cannot be \"{}\"", text::printable(value, 128)));
  const auto written = text.substr(field.content, field.end - field.content);
  const auto first_break = written.find_first_of("\r\n");
  const auto at = first_break == std::string_view::npos ? first_break : written.find(line, first_break);
  if (at == std::string_view::npos) return refuse("the block scalar is written in a way that cannot be set");
  const auto begin = field.content + at;
  return Edit{begin,
              begin + line.size(),
              std::string(value),
              field.begin,
              std::string(value) + std::string(old.substr(size)),
              std::nullopt};
}

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return text::iequals(value, word); });
}

}  // namespace

bool is_plain_text(std::string_view value) {
  if (is_one_of(value, {"", "~", "null", "true", "false", "yes", "no", "on", "off", ".inf", "-.inf", "+.inf",
                        ".nan"}))
    return false;
  auto rest = value.substr(value.front() == '-' || value.front() == '+' ? 1 : 0);
  if (rest.starts_with("0x") || rest.starts_with("0o") || rest.starts_with("0b"))
    return rest.size() == 2 || rest.find_first_not_of("0123456789abcdefABCDEF_", 2) != std::string_view::npos;
  bool digits = false;
  std::size_t dots = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c >= '0' && c <= '9')
      digits = true;
    else if (c == '.')
      ++dots;
    else if ((c == 'e' || c == 'E') && digits && i + 1 < rest.size())
      return rest.find_first_not_of("0123456789+-", i + 1) != std::string_view::npos;
    else if (c != '_')
      return true;
  }
  return !digits || dots > 1;
}

Result<Edit> write_value(const Field& field, std::string_view text, std::string_view value) {
  if (!text::is_valid_utf8(value) || value.find_first_of("\r\n") != std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("line {}: \"{}\" is no value of one line", field.line,
                                                text::printable(value, 128)));
  if (field.style == ScalarStyle::literal || field.style == ScalarStyle::folded)
    return write_block(field, text, value);
  Edit edit{field.content, field.end, {}, field.begin, std::string(value), std::nullopt};
  // What is the same at both ends stays as it is written.
  if (field.style == ScalarStyle::plain && can_be_plain(value, field.in_flow)) {
    edit.text = value;
  } else if (field.style == ScalarStyle::single_quoted && !has_odd_characters(value)) {
    edit.text = in_single_quotes(value);
  } else {
    edit.text = in_double_quotes(value);
    if (field.style != ScalarStyle::double_quoted) edit.style = ScalarStyle::double_quoted;
  }
  return edit;
}

Edit write_comment(const Field& field, std::string_view comment) {
  const auto at = field.comment_at.value_or(field.end);
  Edit edit{at, field.comment ? field.comment->end : at, {}, field.begin, field.value, std::nullopt};
  edit.text = field.comment ? std::string(comment) : fmt::format(" {}", comment);
  return edit;
}

Result<std::string> carry_out(std::string_view text, const Fields& fields, std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.scalar < b.scalar; });
  auto changed = manifest::apply_edits(text, edits);
  if (!changed) return changed;
  const auto after = find_fields(*changed);
  if (!after) return fail(after.error());
  const auto damage = [](std::size_t line) {
    return fail(
        ErrorKind::internal,
        fmt::format("line {}: the change would not leave the comments as they are: nothing was changed",
                    line));
  };
  if (after->fields.size() != fields.fields.size() || after->lists.size() != fields.lists.size())
    return damage(1);
  for (std::size_t i = 0; i < fields.fields.size(); ++i) {
    const auto& old = fields.fields[i];
    const auto edit = std::lower_bound(edits.begin(), edits.end(), old.begin,
                                       [](const Edit& e, std::size_t begin) { return e.scalar < begin; });
    auto expected = old.comment_text(text);
    const bool is_edited = edit != edits.end() && edit->scalar == old.begin;
    // That of a block scalar stands on its first line.
    const bool at_comment = is_edited && old.comment_at && edit->begin == *old.comment_at;
    if (is_edited && (edit->begin >= old.end || (at_comment && edit->text.find('#') != std::string::npos)))
      expected = text::trim(edit->text);
    if (after->fields[i].comment_text(*changed) != expected) return damage(old.line);
  }
  for (std::size_t i = 0; i < fields.lists.size(); ++i) {
    const auto& a = fields.lists[i].comment;
    const auto& b = after->lists[i].comment;
    if (text.substr(a.begin, a.end - a.begin) != std::string_view(*changed).substr(b.begin, b.end - b.begin))
      return damage(fields.lists[i].line);
  }
  return changed;
}

}  // namespace digester::setters
