#include "setters/list.hpp"

#include <algorithm>

#include "setters/fields.hpp"
#include "setters/pattern.hpp"

namespace digester::setters {
namespace {

void add(std::vector<Use>& out, Use use) {
  const auto same = std::any_of(out.begin(), out.end(), [&](const Use& other) {
    return other.line == use.line && other.path == use.path && other.name == use.name;
  });
  if (!same) out.push_back(std::move(use));
}

}  // namespace

Result<std::vector<Use>> list_setters(std::string_view text) {
  const auto fields = find_fields(text);
  if (!fields) return fail(fields.error());
  std::vector<Use> out;
  for (const auto& field : fields->fields) {
    const auto pattern = Pattern::of_comment(field.comment_text(text));
    if (!pattern) continue;
    const auto captures = pattern->match(field.value);
    std::vector<Use> here;
    for (const auto& part : pattern->parts()) {
      if (!part.is_setter) continue;
      Use use{part.text, std::nullopt, false, field.line, field.path, pattern->text()};
      if (captures && !cuts_digest(*captures, field.value))
        for (const auto& capture : *captures)
          if (capture.name == part.text)
            use.value = field.value.substr(capture.begin, capture.end - capture.begin);
      add(here, std::move(use));
    }
    out.insert(out.end(), here.begin(), here.end());
  }
  for (const auto& found : fields->lists) {
    const auto pattern =
        Pattern::of_comment(text.substr(found.comment.begin, found.comment.end - found.comment.begin));
    if (!pattern) continue;
    for (const auto& part : pattern->parts())
      if (part.is_setter)
        out.push_back({part.text, std::nullopt, true, found.line, found.path, pattern->text()});
  }
  std::stable_sort(out.begin(), out.end(), [](const Use& a, const Use& b) { return a.line < b.line; });
  return out;
}

}  // namespace digester::setters
