#include "app/kustomize_images.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "image/skip_prefixes.hpp"
#include "pin/policy.hpp"

namespace digester::app {
namespace {

std::string shown(std::string_view text) {
  return text::printable(text, 256);
}

Error not_as_wanted(const manifest::Images& images, const manifest::ImageField& field,
                    std::string_view before, std::string_view wanted) {
  const auto place = place_of(images, field);
  if (field.value == wanted || before == wanted)
    return {
        ErrorKind::unsupported,
        fmt::format(
            "{} changed from {} to {}, which was not meant: the name of an entry is a regular expression, "
            "in which . is any character; write \\. for a dot there",
            place, shown(before), shown(field.value))};
  if (field.value == before)
    return {ErrorKind::unsupported,
            fmt::format(
                "{} is {} as before: images: does not reach it, or replacements or patches write it later; "
                "pin it where it is written, name its place in configurations:, or leave it out with "
                "--skip-prefix",
                place, shown(before))};
  return {ErrorKind::unsupported,
          fmt::format("{} became {} and should be {}: another entry changes it, too; put both "
                      "into one, or pin the image where it is written",
                      place, shown(field.value), shown(wanted))};
}

}  // namespace

std::vector<std::string> BuiltImages::values(std::span<const std::string> skip_prefixes) const {
  std::vector<std::string> out;
  for (const auto& field : images.fields) {
    if (!obstacle(field) && !image::starts_with_any(field.value, skip_prefixes)) out.push_back(field.value);
  }
  return out;
}

Result<BuiltImages> built_images(const std::string& output, const manifest::Rules& rules) {
  auto images = manifest::find_images(output, rules);
  if (!images) return fail(std::move(images.error()));
  return BuiltImages{std::move(*images)};
}

std::optional<manifest::Remark> obstacle(const manifest::ImageField& field) {
  if (field.state != manifest::State::open && field.state != manifest::State::pinned) return field.why;
  if (pin::is_ko(field.value))
    return manifest::Remark{field.line,
                            fmt::format("{} is an unresolved ko:// reference", shown(field.value)),
                            "let ko build it: kustomize build DIR | digester resolve --ko -f -"};
  return std::nullopt;
}

std::string place_of(const manifest::Images& images, const manifest::ImageField& field) {
  const auto& object = images.objects[field.object];
  return text::printable(fmt::format("{} {}{}{} {}", object.kind, object.namespace_,
                                     object.namespace_.empty() ? "" : "/", object.name, field.path),
                         512);
}

Result<void> compare_builds(const manifest::Images& before, const manifest::Images& after,
                            const std::map<std::string, std::string>& wanted) {
  if (before.fields.size() != after.fields.size())
    return fail(ErrorKind::unsupported, "the build yields another number of images than before");
  for (std::size_t i = 0; i < before.fields.size(); ++i) {
    const auto& old = before.fields[i];
    const auto& now = after.fields[i];
    if (place_of(before, old) != place_of(after, now))
      return fail(ErrorKind::unsupported, fmt::format("the build yields {} where {} was",
                                                      place_of(after, now), place_of(before, old)));
    const auto want = wanted.find(old.value);
    const auto& value = want == wanted.end() ? old.value : want->second;
    if (now.value != value) return fail(not_as_wanted(after, now, old.value, value));
  }
  return {};
}

}  // namespace digester::app
