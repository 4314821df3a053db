#include "setters/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/text.hpp"
#include "setters/pattern.hpp"
#include "setters/write.hpp"

namespace digester::setters {
namespace {

std::string shown(std::string_view text) {
  return text::printable(text, 256);
}

bool concerns(const Pattern& pattern, std::span<const Setter> setters) {
  return std::any_of(setters.begin(), setters.end(),
                     [&](const Setter& setter) { return pattern.has(setter.name); });
}

std::optional<std::string_view> given(std::span<const Setter> setters, std::string_view name) {
  for (const auto& setter : setters)
    if (setter.name == name) return setter.value;
  return std::nullopt;
}

Error cut_digest(const Field& field, const Pattern& pattern, const std::vector<Pattern::Capture>& captures) {
  constexpr std::size_t kShown = 4;
  std::string parts;
  for (const auto& capture : std::span(captures).first(std::min(kShown, captures.size())))
    parts +=
        fmt::format("{}{} would be \"{}\"", parts.empty() ? "" : ", ", shown(capture.name),
                    shown(std::string_view(field.value).substr(capture.begin, capture.end - capture.begin)));
  if (captures.size() > kShown) parts += ", and so on";
  return {ErrorKind::invalid,
          fmt::format("line {}: the setter comment {} cuts the digest of {} in two: {}; write the comment as "
                      "{}@${{digest}}, or use one setter for the whole image",
                      field.line, shown(pattern.text()), shown(field.value), parts, shown(pattern.text()))};
}

Result<std::string> new_value(const Field& field, const Pattern& pattern, std::span<const Setter> setters) {
  std::vector<std::string> missing;
  auto value = pattern.fill([&](std::string_view name) { return given(setters, name); }, missing);
  if (missing.empty()) return value;
  const auto captures = pattern.match(field.value);
  if (!captures)
    return fail(
        ErrorKind::invalid,
        fmt::format("line {}: {} is not of the form {}, so that {} cannot be read off it; give {} too",
                    field.line, shown(field.value), shown(pattern.text()),
                    shown(fmt::format("{}", fmt::join(missing, ", "))),
                    shown(fmt::format("{}=VALUE", fmt::join(missing, "=VALUE and ")))));
  if (cuts_digest(*captures, field.value)) return fail(cut_digest(field, pattern, *captures));
  const std::string_view old = field.value;
  std::vector<std::string> none;
  return pattern.fill(
      [&](std::string_view name) -> std::optional<std::string_view> {
        if (const auto value_given = given(setters, name)) return value_given;
        for (const auto& capture : *captures)
          if (capture.name == name) return old.substr(capture.begin, capture.end - capture.begin);
        return std::nullopt;
      },
      none);
}

void warn_of_digest(const Field& field, std::string_view after, std::vector<Remark>& warnings) {
  const std::string_view before = field.value;
  const auto old = digest_at(before);
  if (!old) return;
  const auto now = digest_at(after);
  if (!now) {
    warnings.push_back({field.line,
                        fmt::format("{} lost its digest and became {}", shown(before), shown(after)),
                        "pin it anew: digester resolve -i"});
  } else if (before.substr(*old) == after.substr(*now) && before.substr(0, *old) != after.substr(0, *now)) {
    warnings.push_back(
        {field.line,
         fmt::format("{} has the digest of {} still: what runs is as before", shown(after), shown(before)),
         "set the digest too"});
  }
}

Result<void> refuse_lists(std::string_view text, const Fields& fields, std::span<const Setter> setters) {
  for (const auto& list : fields.lists) {
    const auto pattern =
        Pattern::of_comment(text.substr(list.comment.begin, list.comment.end - list.comment.begin));
    if (pattern && concerns(*pattern, setters))
      return fail(
          ErrorKind::unsupported,
          fmt::format("line {}: {} is a list with the setter {}, which is not supported; apply it with "
                      "kpt's apply-setters",
                      list.line, shown(list.path), shown(pattern->text())));
  }
  return {};
}

}  // namespace

Result<Changed> apply_setters(std::string_view text, std::span<const Setter> setters) {
  if (auto checked = check_setters(setters); !checked) return fail(std::move(checked.error()));
  const auto fields = find_fields(text);
  if (!fields) return fail(fields.error());
  if (auto none = refuse_lists(text, *fields, setters); !none) return fail(std::move(none.error()));
  Changed out;
  std::vector<manifest::Edit> edits;
  for (const auto& field : fields->fields) {
    const auto pattern = Pattern::of_comment(field.comment_text(text));
    if (!pattern || !concerns(*pattern, setters)) continue;
    const auto value = new_value(field, *pattern, setters);
    if (!value) return fail(value.error());
    if (*value == field.value) continue;
    auto edit = write_value(field, text, *value);
    if (!edit) return fail(std::move(edit.error()));
    warn_of_digest(field, *value, out.warnings);
    if (field.style == yaml::ScalarStyle::plain && !edit->style && field.begin == field.content &&
        is_plain_text(field.value) && !is_plain_text(*value))
      out.warnings.push_back({field.line,
                              fmt::format("{} is no text to YAML, where text stood", shown(*value)),
                              "write the value in quotes if text is meant"});
    out.changes.push_back({field.line, field.path, field.value, *value});
    edits.push_back(std::move(*edit));
  }
  auto changed = carry_out(text, *fields, std::move(edits));
  if (!changed) return fail(std::move(changed.error()));
  out.text = std::move(*changed);
  return out;
}

}  // namespace digester::setters
