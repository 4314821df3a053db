#include "manifest/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "image/digest.hpp"

namespace digester::manifest {
namespace {

using yaml::Event;
using yaml::ScalarStyle;

constexpr std::string_view kQuoteCure = "write it in quotes if it is meant";

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return text::iequals(value, word); });
}

std::size_t skip(std::string_view value, std::size_t at, std::string_view set) {
  return std::min(value.find_first_not_of(set, at), value.size());
}

// What YAML 1.1 and 1.2 take for a number: such an "image" is no string to the API server.
bool is_number(std::string_view value) {
  const auto rest = value.substr(value.starts_with('-') || value.starts_with('+') ? 1 : 0);
  if (is_one_of(rest, {".inf", ".nan"})) return true;
  for (const auto& [prefix, digits] :
       {std::pair<std::string_view, std::string_view>{"0x", "0123456789abcdefABCDEF_"},
        {"0o", "01234567_"},
        {"0b", "01_"}})
    if (rest.starts_with(prefix) && rest.size() > 2 && skip(rest, 2, digits) == rest.size()) return true;
  constexpr std::string_view kDigits = "0123456789_";
  auto at = skip(rest, 0, kDigits);
  if (at < rest.size() && rest[at] == '.') at = skip(rest, at + 1, kDigits);
  if (rest.substr(0, at).find_first_of("0123456789") == std::string_view::npos) return false;
  if (at < rest.size() && (rest[at] | 0x20) == 'e') {
    const auto exponent = skip(rest, at + 1, "+-");
    at = skip(rest, exponent, kDigits);
    if (at == exponent) return false;
  }
  return at == rest.size();
}

bool is_boolean(std::string_view value) {
  return is_one_of(value, {"true", "false", "yes", "no", "on", "off"});
}

bool is_string_tag(std::string_view tag) {
  return tag.empty() || tag == "!" || tag == "tag:yaml.org,2002:str";
}

// A template language's: Helm and Argo, Kubernetes and Tekton, envsubst and Flux, with and without braces. No
// image has a dollar.
std::optional<std::string_view> expression_in(std::string_view value) {
  for (const std::string_view mark : {"{{", "$(", "${", "$"})
    if (value.find(mark) != std::string_view::npos) return mark;
  return std::nullopt;
}

bool has_space(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

void refuse(ImageField& field, std::string cause, std::string cure = {}) {
  field.state = State::refused;
  field.why = {field.written_line, std::move(cause), std::move(cure)};
}

void refuse_space(ImageField& field, const Event& scalar) {
  const bool is_block = scalar.style == ScalarStyle::literal || scalar.style == ScalarStyle::folded;
  const auto last = field.value.find_last_not_of("\r\n");
  const bool one_line =
      last != std::string::npos && !has_space(std::string_view(field.value).substr(0, last + 1));
  if (is_block && one_line && last + 1 < field.value.size())
    return refuse(
        field, "the image ends in a line break, which the API server refuses",
        fmt::format("write {}- in the place of {}", scalar.style == ScalarStyle::literal ? '|' : '>',
                    scalar.style == ScalarStyle::literal ? "| or |+" : "> or >+"));
  refuse(field, fmt::format("white space within the image \"{}\"", text::printable(field.value, 128)),
         "write it on one line, without blanks");
}

// Where the content of the scalar ends in the text; nothing if it is not where it ought to be.
std::optional<std::size_t> content_end(const Event& scalar, std::string_view text) {
  auto end = scalar.end;
  switch (scalar.style) {
    case ScalarStyle::plain:
      break;
    case ScalarStyle::single_quoted:
    case ScalarStyle::double_quoted: {
      const char quote = scalar.style == ScalarStyle::single_quoted ? '\'' : '"';
      if (end < scalar.begin + 2 || text[end - 1] != quote) return std::nullopt;
      --end;
      break;
    }
    case ScalarStyle::literal:
    case ScalarStyle::folded:
      // Back over what stands before the next line that is not blank: breaks (all that YAML knows), blanks, a
      // BOM.
      while (end > scalar.begin) {
        const auto before = text.substr(scalar.begin, end - scalar.begin);
        if (std::string_view(" \t\r\n").find(before.back()) != std::string_view::npos)
          --end;
        else if (before.ends_with("\xC2\x85"))
          end -= 2;
        else if (before.ends_with("\xE2\x80\xA8") || before.ends_with("\xE2\x80\xA9") ||
                 before.ends_with("\xEF\xBB\xBF"))
          end -= 3;
        else
          break;
      }
  }
  return end > scalar.begin && end <= text.size() ? std::optional(end) : std::nullopt;
}

}  // namespace

bool is_empty(const Event& scalar) {
  // A blank stands where OpenShift puts an image later, by a trigger of an ImageStream.
  if (text::is_blank(scalar.value)) return true;
  if (scalar.tag == "tag:yaml.org,2002:null") return true;
  return scalar.style == ScalarStyle::plain && scalar.tag.empty() && is_one_of(scalar.value, {"~", "null"});
}

void judge(ImageField& field, const Event& scalar, std::string_view text) {
  if (const auto mark = expression_in(field.value)) {
    field.state = State::expression;
    field.why = {field.line,
                 fmt::format("the image \"{}\" is an expression ({}) that another program fills in",
                             text::printable(field.value, 128), *mark),
                 "pin what that program puts out, or the value that it puts in"};
    return;
  }
  if (const auto at = field.value.find('@'); at != std::string::npos) {
    if (image::Digest::parse(std::string_view(field.value).substr(at + 1))) {
      field.state = State::pinned;
      return;
    }
    return refuse(
        field,
        fmt::format("the image \"{}\" has an @ and no digest behind it", text::printable(field.value, 128)),
        "remove what follows the tag, or write the whole digest");
  }
  const auto shown = text::printable(field.value, 128);
  if (!is_string_tag(scalar.tag))
    return refuse(field,
                  fmt::format("the image \"{}\" has the tag {}", shown, text::printable(scalar.tag, 64)),
                  "remove the tag");
  if (scalar.style == ScalarStyle::plain && scalar.tag.empty() &&
      (is_number(field.value) || is_boolean(field.value)))
    return refuse(field,
                  fmt::format("the image {} is a {} to YAML, not text", shown,
                              is_boolean(field.value) ? "boolean" : "number"),
                  std::string(kQuoteCure));
  if (has_space(field.value)) return refuse_space(field, scalar);
  const auto end = content_end(scalar, text);
  const auto as_written = end && *end >= scalar.begin + field.value.size() &&
                          text.substr(*end - field.value.size(), field.value.size()) == field.value;
  // Escapes are fine in quotes, whose end is plain to see.
  const bool quoted =
      scalar.style == ScalarStyle::single_quoted || scalar.style == ScalarStyle::double_quoted;
  if (!end || (!as_written && !quoted))
    return refuse(field, fmt::format("the image \"{}\" is written in a way that cannot be added to", shown),
                  "write it plainly or in quotes, on one line");
  field.state = State::open;
  field.insert_at = *end;
  field.as_written = as_written;
}

}  // namespace digester::manifest
