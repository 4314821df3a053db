#include "setters/create.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "setters/kptfile.hpp"
#include "setters/pattern.hpp"
#include "setters/write.hpp"

namespace digester::setters {
namespace {

// The longest value first; of two as long as each other, as they were given.
std::vector<const Setter*> by_length(std::span<const Setter> setters) {
  std::vector<const Setter*> out;
  for (const auto& setter : setters)
    out.push_back(&setter);
  std::stable_sort(out.begin(), out.end(),
                   [](const Setter* a, const Setter* b) { return a->value.size() > b->value.size(); });
  return out;
}

std::string with_setters(std::string_view value, const std::vector<const Setter*>& setters) {
  std::string out;
  std::size_t at = 0;
  while (at < value.size()) {
    const auto found = std::find_if(setters.begin(), setters.end(), [&](const Setter* setter) {
      return value.substr(at).starts_with(setter->value);
    });
    if (found == setters.end()) {
      out += value[at++];
      continue;
    }
    out += fmt::format("${{{}}}", (*found)->name);
    at += (*found)->value.size();
  }
  return out;
}

// Is the comment one line from which the value can be made again?
bool says(std::string_view comment, std::string_view value, const std::vector<const Setter*>& setters) {
  if (text::printable(comment, comment.size() * 8) != comment) return false;
  const auto pattern = Pattern::of_comment(comment);
  if (!pattern) return false;
  std::vector<std::string> missing;
  const auto filled = pattern->fill(
      [&](std::string_view name) -> std::optional<std::string_view> {
        for (const auto* setter : setters)
          if (setter->name == name) return setter->value;
        return std::nullopt;
      },
      missing);
  return missing.empty() && filled == value;
}

bool is_kpts_own(std::string_view path) {
  return path.find(".annotations.internal.config.kubernetes.io") != std::string_view::npos ||
         path.find(".annotations.config.kubernetes.io") != std::string_view::npos;
}

Result<void> check(std::span<const Setter> setters) {
  if (auto checked = check_setters(setters); !checked) return checked;
  for (const auto& setter : setters) {
    const auto shown = text::printable(setter.name, 128);
    if (setter.value.empty())
      return fail(ErrorKind::invalid,
                  fmt::format("the setter {} has no value to look for; write {}=VALUE", shown, shown));
    if (setter.value.front() == '[' || setter.value.starts_with("- "))
      return fail(ErrorKind::unsupported,
                  fmt::format("the setter {} has a list for a value, which is not supported; create it with "
                              "kpt's create-setters, or write the comment behind the list's key yourself",
                              shown));
  }
  return {};
}

}  // namespace

Result<Changed> create_setters(std::string_view text, std::span<const Setter> setters) {
  if (auto checked = check(setters); !checked) return fail(std::move(checked.error()));
  const auto fields = find_fields(text);
  if (!fields) return fail(fields.error());
  const auto order = by_length(setters);
  const auto kptfiles = documents_of_kind(*fields, "Kptfile");
  Changed out;
  std::vector<manifest::Edit> edits;
  for (const auto& field : fields->fields) {
    if (field.value.find('\n') != std::string::npos || is_kpts_own(field.path) ||
        std::binary_search(kptfiles.begin(), kptfiles.end(), field.document))
      continue;
    const auto pattern = with_setters(field.value, order);
    if (pattern == field.value) continue;
    const auto comment = fmt::format("{}{}", kMark, pattern);
    const auto old = field.comment_text(text);
    if (old == comment) continue;
    if (fields->is_json) {
      out.warnings.push_back(
          {field.line, "JSON has no comments, so there is no setter", "write the file as YAML"});
      break;
    }
    if (!field.comment_at || !says(comment, field.value, order)) {
      out.warnings.push_back(
          {field.line,
           field.comment_at
               ? fmt::format("{} holds what a comment cannot say, so it has no setter",
                             text::printable(field.path, 256))
               : fmt::format("{} has more behind it on its line, so there is no room for a setter",
                             text::printable(field.path, 256)),
           field.comment_at ? "write the comment yourself" : "write it in block style, a line each"});
      continue;
    }
    if (!old.empty() && !old.starts_with(kMark))
      out.warnings.push_back(
          {field.line, fmt::format("the comment \"{}\" made way for the setter", text::printable(old, 128)),
           "write it on a line of its own above"});
    edits.push_back(write_comment(field, comment));
    out.changes.push_back({field.line, field.path, std::string(old), comment});
  }
  auto changed = carry_out(text, *fields, std::move(edits));
  if (!changed) return fail(std::move(changed.error()));
  out.text = std::move(*changed);
  return out;
}

}  // namespace digester::setters
