#include "setters/apply_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "manifest/edit.hpp"
#include "setters/pattern.hpp"
#include "setters/write.hpp"

namespace digester::setters {
namespace {

using manifest::Edit;

class Values {
 public:
  Values(std::span<const PackageFile> files, const Package& package, std::span<const Setter> setters)
      : files_(files), package_(package), setters_(setters) {}

  std::vector<Changed> run() const {
    std::vector<Changed> out;
    for (std::size_t file = 0; file < files_.size(); ++file)
      out.push_back(changed(file));
    return out;
  }

 private:
  const Setter* setter_of(const SetterValue& value) const {
    for (const auto& setter : setters_)
      if (setter.name == value.name) return &setter;
    return nullptr;
  }

  bool governs_any(const SetterValue& value) const {
    return std::any_of(package_.fields().begin(), package_.fields().end(), [&](const SetterField& field) {
      // The items of a ResourceList lie elsewhere.
      if (field.file != value.file && field.path != files_[field.file].path) return false;
      if (!Package::is_below(field.path, value.folder)) return false;
      const auto pattern = Pattern::of_comment(field.field->comment_text(files_[field.file].text));
      return pattern && pattern->has(value.name);
    });
  }

  Changed changed(std::size_t file) const {
    const auto text = files_[file].text;
    Changed out;
    out.text = text;
    std::vector<Edit> edits;
    std::set<std::size_t> taken;  // a ConfigMap may be named twice
    for (const auto& value : package_.values()) {
      const auto* setter = value.file == file ? setter_of(value) : nullptr;
      if (setter == nullptr || value.field->value == setter->value || !governs_any(value)) continue;
      const auto& field = *value.field;
      if (!taken.insert(field.begin).second) continue;
      auto edit = write(field, text, setter->value);
      if (!edit) {
        out.warnings.push_back(cannot_write(field.line, field.path, field.value, setter->value));
        continue;
      }
      edits.push_back(std::move(*edit));
      out.changes.push_back({field.line, field.path, field.value, setter->value});
    }
    if (edits.empty()) return out;
    if (auto written = carry_out(text, package_.fields_of(file), std::move(edits))) {
      out.text = std::move(*written);
      return out;
    }
    for (const auto& change : std::exchange(out.changes, {}))
      out.warnings.push_back(cannot_write(change.line, change.path, change.before, change.after));
    return out;
  }

  static Result<Edit> write(const Field& field, std::string_view text, std::string_view value) {
    if (text.substr(field.begin, field.content - field.begin).find('&') != std::string_view::npos)
      return fail(ErrorKind::invalid, "what an alias stands for");  // other values would change with it
    auto edit = write_value(field, text, value);
    if (edit && field.style == yaml::ScalarStyle::plain && !edit->style && !is_plain_text(value)) {
      edit->text.clear();
      text::append_json_string(edit->text, value);
      edit->style = yaml::ScalarStyle::double_quoted;
    }
    return edit;
  }

  static Remark cannot_write(std::size_t line, std::string_view path, std::string_view before,
                             std::string_view after) {
    return {line,
            fmt::format("{} cannot be set as it is written here, and the next render writes \"{}\" back",
                        text::printable(path, 256), text::printable(before, 256)),
            fmt::format("write \"{}\" here by hand", text::printable(after, 256))};
  }

  std::span<const PackageFile> files_;
  const Package& package_;
  std::span<const Setter> setters_;
};

}  // namespace

Result<std::vector<Changed>> apply_values(std::span<const PackageFile> files,
                                          std::span<const Setter> setters) {
  const auto package = Package::read(files);
  if (!package) return fail(package.error());
  return Values(files, *package, setters).run();
}

}  // namespace digester::setters
