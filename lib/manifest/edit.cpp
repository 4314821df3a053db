#include "manifest/edit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "yaml/event_sum.hpp"
#include "yaml/expander.hpp"
#include "yaml/taken_back.hpp"

namespace digester::manifest {
namespace {

using yaml::EventKind;

Error damage(std::size_t line, std::string_view why) {
  return {ErrorKind::internal,
          fmt::format("line {}: the change would not leave the rest as it is ({}): nothing was changed", line,
                      why)};
}

// In ascending order, equal ones once.
Result<void> sort(std::vector<Edit>& edits, std::size_t size) {
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
    return std::tie(a.begin, a.end, a.text) < std::tie(b.begin, b.end, b.text);
  });
  edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
  std::size_t free = 0;
  for (const auto& edit : edits) {
    if (edit.begin < free || edit.end < edit.begin || edit.end > size)
      return fail(damage(1, "two changes in one place"));
    free = edit.end + 1;
  }
  return {};
}

std::string join(std::string_view text, const std::vector<Edit>& edits, std::size_t room = 0) {
  std::size_t size = text.size() + room;
  for (const auto& edit : edits)
    size += edit.text.size();
  std::string out;
  out.reserve(size);
  std::size_t at = 0;
  for (const auto& edit : edits) {
    out += text.substr(at, edit.begin - at);
    out += edit.text;
    at = edit.end;
  }
  out += text.substr(at);
  return out;
}

// Reads both texts at once.
class Lockstep {
 public:
  Lockstep(std::string_view before, std::string_view after, const std::vector<Edit>& edits)
      : before_(yaml::read(before)), after_(yaml::read(after)), edits_(edits), met_(edits.size()) {
    for (const auto& edit : edits)
      order_.push_back({edit.scalar, order_.size()});
    std::sort(order_.begin(), order_.end(), [](const auto& a, const auto& b) { return a.scalar < b.scalar; });
  }

  Result<void> run() {
    while (true) {
      const auto old = before_.next();
      if (!old) return fail(old.error());
      const auto line = old->alias ? old->alias->line : old->event.line;
      const auto now = after_.next();
      if (!now) return fail(damage(line, now.error().message));
      if (!same(*old, *now)) return fail(damage(line, "something else would be read differently"));
      if (old->event.kind == EventKind::stream_end) break;
    }
    if (std::find(met_.begin(), met_.end(), false) != met_.end())
      return fail(damage(1, "a change hits no value"));
    return {};
  }

 private:
  struct Place {
    std::size_t scalar;
    std::size_t edit;
  };

  bool same(const yaml::Node& old, const yaml::Node& now) {
    const auto& a = old.event;
    const auto& b = now.event;
    const auto* edit = a.kind == EventKind::scalar ? edit_of(a) : nullptr;
    const auto style = edit && edit->style ? *edit->style : a.style;
    if (a.kind != b.kind || b.style != style || a.flow != b.flow || a.is_marked != b.is_marked ||
        a.anchor != b.anchor || a.tag != b.tag || (old.alias == nullptr) != (now.alias == nullptr))
      return false;
    return b.value == (edit ? std::string_view(edit->value) : a.value);
  }

  const Edit* edit_of(const yaml::Event& scalar) {
    auto place = std::lower_bound(order_.begin(), order_.end(), scalar.begin,
                                  [](const Place& p, std::size_t begin) { return p.scalar < begin; });
    if (place == order_.end() || place->scalar != scalar.begin) return nullptr;
    met_[place->edit] = true;
    return &edits_[place->edit];
  }

  yaml::Expander before_, after_;
  const std::vector<Edit>& edits_;
  std::vector<Place> order_;
  std::vector<bool> met_;
};

// Does the new text mean what the old one did, but for the edits? Of the old one's events the sum is known.
bool has_sum(std::string_view before, std::string_view after, const std::vector<Edit>& edits,
             std::uint64_t sum) {
  std::vector<std::string> old_values;
  std::vector<yaml::Replaced> replaced;
  old_values.reserve(edits.size());
  replaced.reserve(edits.size());
  for (const auto& edit : edits) {
    const auto kept = edit.value.size() - std::min(edit.text.size(), edit.value.size());
    auto& old_value = old_values.emplace_back(edit.value, 0, kept);
    old_value += before.substr(edit.begin, edit.end - edit.begin);
    replaced.push_back({edit.scalar, old_value, edit.value});
  }
  yaml::TakenBack taken_back(replaced);
  yaml::Expander now(yaml::read(after));
  yaml::EventSum now_sum;
  while (true) {
    auto node = now.next();
    if (!node || !taken_back.take_back(node->event, node->event.begin)) return false;
    now_sum.add(*node);
    if (node->event.kind == EventKind::stream_end) break;
  }
  return now_sum.value() == sum && taken_back.is_complete();
}

}  // namespace

Result<Edit> pinning(const ImageField& field, const image::Digest& digest) {
  return replacing(field, fmt::format("{}@{}", field.value, digest.str()));
}

Result<Edit> replacing(const ImageField& field, std::string_view value) {
  if (field.state == State::refused || field.state == State::expression)
    return fail(ErrorKind::invalid, field.why.text());
  if (field.state != State::open)
    return fail(ErrorKind::invalid, fmt::format("line {}: {} has a digest already", field.line,
                                                text::printable(field.value, 128)));
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/@";
  const auto [old, now] = std::mismatch(field.value.begin(), field.value.end(), value.begin(), value.end());
  const auto common = static_cast<std::size_t>(old - field.value.begin());
  const auto removed = field.value.size() - common;
  if (value.substr(common).find_first_not_of(kPlain) != std::string_view::npos)
    return fail(ErrorKind::invalid,
                fmt::format("line {}: \"{}\" is no image", field.line, text::printable(value, 128)));
  if (removed > 0 && !field.as_written)
    return fail(ErrorKind::invalid,
                fmt::format("line {}: the image \"{}\" is written with escapes; write it plainly",
                            field.written_line, text::printable(field.value, 128)));
  return Edit{field.insert_at - removed, field.insert_at, std::string(value.substr(common)), field.begin,
              std::string(value),        std::nullopt};
}

Result<std::string> splice(std::string_view text, std::vector<Edit> edits, std::size_t room) {
  if (auto sorted = sort(edits, text.size()); !sorted) return fail(std::move(sorted.error()));
  return join(text, edits, room);
}

Result<std::string> apply_edits(std::string_view text, std::vector<Edit> edits,
                                std::optional<std::uint64_t> sum) {
  if (auto sorted = sort(edits, text.size()); !sorted) return fail(std::move(sorted.error()));
  if (edits.empty()) return std::string(text);
  auto changed = join(text, edits);
  if (sum && has_sum(text, changed, edits, *sum)) return changed;
  if (auto checked = Lockstep(text, changed, edits).run(); !checked) return fail(std::move(checked.error()));
  return changed;
}

}  // namespace digester::manifest
