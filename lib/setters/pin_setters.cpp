#include "setters/pin_setters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/text.hpp"
#include "image/digest.hpp"
#include "setters/pattern.hpp"
#include "setters/write.hpp"

namespace digester::setters {
namespace {

std::string shown(std::string_view text) {
  return text::printable(text, 256);
}

std::string place_of(std::span<const PackageFile> files, const PlaceOf& place, std::size_t file,
                     std::size_t line) {
  return place ? place(file, line) : fmt::format("{}:{}", shown(files[file].path), line);
}

class Finder {
 public:
  Finder(std::span<const PackageFile> files, const Package& package, const PlaceOf& place)
      : files_(files), package_(package), place_(place) {
    for (const auto& value : package.values())
      by_name_[value.name].push_back(&value);
  }

  Result<SetterPins> run() {
    for (const auto& field : package_.fields())
      if (auto done = take(field); !done) return fail(std::move(done.error()));
    std::sort(out_.pins.begin(), out_.pins.end(), [](const SetterPin& a, const SetterPin& b) {
      return std::tie(a.file, a.edit.begin) < std::tie(b.file, b.edit.begin);
    });
    return std::move(out_);
  }

 private:
  struct Need {
    const SetterValue* value;
    std::string wanted;
  };

  void refuse(const SetterField& field, std::string cause, std::string cure) {
    out_.refusals.push_back({field.file, {field.field->line, std::move(cause), std::move(cure)}});
  }

  std::string where(const SetterValue& value) const {
    return place_of(files_, place_, value.file, value.field->line);
  }

  std::vector<const SetterValue*> governing(const SetterField& field, std::string_view name) const {
    std::vector<const SetterValue*> out;
    const auto named = by_name_.find(name);
    if (named == by_name_.end()) return out;
    for (const auto* value : named->second)
      if (Package::is_below(field.path, value->folder)) out.push_back(value);
    return out;
  }

  Result<void> take(const SetterField& field) {
    const std::string_view value = field.field->value;
    const auto at = digest_at(value);
    if (!at || !image::Digest::parse(value.substr(*at))) return {};
    const auto pattern = Pattern::of_comment(field.field->comment_text(files_[field.file].text));
    if (!pattern) return {};
    const SetterValue* first = nullptr;
    for (const auto& part : pattern->parts())
      if (const auto all = governing(field, part.is_setter ? part.text : ""); !all.empty() && !first)
        first = all.front();
    if (!first) return {};  // nobody writes over it
    const auto captures = pattern->match(value);
    const auto digest = captures ? digest_setter(*captures, value) : std::nullopt;
    if (!pattern->is_single() && (!captures || !digest || cuts_digest(*captures, value))) {
      refuse(
          field,
          fmt::format("{} will lose its digest at the next render: the setter comment {} has no setter for "
                      "it ({} is at {})",
                      shown(value), shown(pattern->text()), shown(first->name), where(*first)),
          fmt::format("write the comment as {}@${{digest}}, or use one setter for the whole image",
                      shown(pattern->text())));
      return {};
    }
    std::vector<Need> needs;
    for (const auto& capture : *captures) {
      const auto wanted = value.substr(capture.begin, capture.end - capture.begin);
      const bool is_digest = digest && capture.name == *digest;
      for (const auto* setter : governing(field, capture.name)) {
        const std::string_view present = setter->field->value;
        if (present == wanted) continue;
        const bool is_ours = is_digest ? image::Digest::parse(present) || present.empty()
                                       : pattern->is_single() && present == value.substr(0, *at - 1);
        if (!is_ours) {
          refuse(field,
                 fmt::format("the next render writes \"{}\" here, the setter {} of {}, where {} stands now",
                             shown(present), shown(setter->name), where(*setter), shown(value)),
                 "render the package first, then pin it");
          return {};
        }
        needs.push_back({setter, std::string(wanted)});
      }
    }
    for (const auto& need : needs)
      if (auto added = add(field, need); !added) return added;
    return {};
  }

  Result<void> add(const SetterField& field, const Need& need) {
    const auto& at = *need.value->field;
    const auto [known, is_new] = wanted_.try_emplace({need.value->file, at.begin}, out_.pins.size());
    if (!is_new) {
      const auto& other = out_.pins[known->second];
      if (other.after != need.wanted)
        refuse(field,
               fmt::format("the setter {} of {} would have to be {} here and {} at {}",
                           shown(need.value->name), where(*need.value), shown(need.wanted),
                           shown(other.after), place_of(files_, place_, other.field_file, other.field_line)),
               "give each image a setter of its own");
      return {};
    }
    auto edit = write_value(at, files_[need.value->file].text, need.wanted);
    if (!edit)
      return fail(edit.error().kind,
                  fmt::format("{}: {}", shown(files_[need.value->file].path), edit.error().message));
    out_.pins.push_back({need.value->name, need.value->file, at.line, at.value, need.wanted, std::move(*edit),
                         field.file, field.field->line, field.field->value});
    return {};
  }

  std::span<const PackageFile> files_;
  const Package& package_;
  std::unordered_map<std::string_view, std::vector<const SetterValue*>> by_name_;
  const PlaceOf& place_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> wanted_;  // file, place → in out_.pins
  SetterPins out_;
};

}  // namespace

Result<SetterPins> find_setter_pins(std::span<const PackageFile> files, const PlaceOf& place) {
  // Most of what is given is no kpt package.
  const auto has_kptfile = std::any_of(files.begin(), files.end(), [](const PackageFile& file) {
    return file.text.find("Kptfile") != std::string_view::npos;
  });
  if (!has_kptfile) return SetterPins{};
  const auto package = Package::read(files);
  if (!package) return fail(package.error());
  return Finder(files, *package, place).run();
}

std::vector<FileRemark> overwrite_warnings(const SetterPins& pins, std::span<const PackageFile> files,
                                           const PlaceOf& place) {
  std::vector<FileRemark> out;
  for (const auto& pin : pins.pins)
    out.push_back(
        {pin.field_file,
         {pin.field_line,
          fmt::format("{} will be written over at the next render by the setter {} ({}), which is \"{}\"",
                      shown(pin.field_value), shown(pin.setter), place_of(files, place, pin.file, pin.line),
                      shown(pin.before)),
          "pin that too with --pin-setters"}});
  out.insert(out.end(), pins.refusals.begin(), pins.refusals.end());
  return out;
}

Result<std::string> pin_setters(std::size_t file, std::string_view text, const SetterPins& pins) {
  std::vector<manifest::Edit> edits;
  for (const auto& pin : pins.pins)
    if (pin.file == file) edits.push_back(pin.edit);
  if (edits.empty()) return std::string(text);
  const auto fields = find_fields(text);
  if (!fields) return fail(fields.error());
  return carry_out(text, *fields, std::move(edits));
}

}  // namespace digester::setters
