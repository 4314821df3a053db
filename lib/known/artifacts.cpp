#include "known/artifacts.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "known/ko_references.hpp"
#include "known/reading.hpp"

namespace digester::known {
namespace {

constexpr std::string_view kCure = "give the file that \"skaffold build --file-output FILE\" writes";

Error no_artifacts(std::size_t line, std::string_view why) {
  return at_line(line, fmt::format("{}; {}", why, kCure));
}

// Without `ko://`, in lower case.
std::string plain_name(std::string_view name) {
  if (name.starts_with(kKoScheme)) name.remove_prefix(kKoScheme.size());
  return text::to_lower(name);
}

std::string_view without_tag(std::string_view image) {
  const auto colon = image.rfind(':');
  const auto slash = image.rfind('/');
  const bool is_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return is_tag ? image.substr(0, colon) : image;
}

}  // namespace

Result<Artifacts> Artifacts::read(std::string_view text) {
  if (text.size() > kMaxFile)
    return fail(ErrorKind::too_large, fmt::format("longer than {} bytes; {}", kMaxFile, kCure));
  const auto documents =
      yaml::read_trees(yaml::read_json(text, {.depth = kTreeLimits.depth, .bytes = kMaxFile}), kTreeLimits);
  if (!documents)
    return fail(documents.error().kind, fmt::format("{}; {}", documents.error().message, kCure));
  if (documents->size() != 1) return fail(no_artifacts(1, "not one JSON object"));
  const auto* builds = documents->front().find("builds");
  if (builds == nullptr || !(builds->is_sequence() || builds->is_null()))
    return fail(no_artifacts(1, "there is no list of builds"));
  if (builds->items.size() > kMaxEntries)
    return fail(ErrorKind::too_large, fmt::format("more than {} builds", kMaxEntries));
  Artifacts artifacts;
  for (const auto& build : builds->items) {
    const auto name = text_of(build, "imageName");
    const auto tag = text_of(build, "tag");
    if (!name || !tag || name->empty())
      return fail(no_artifacts(build.line, "a build has no imageName or no tag"));
    const auto what = fmt::format("the tag of {}", text::printable(*name, 128));
    if (auto reference = read_replacement(*tag, build.line, what); !reference)
      return fail(std::move(reference.error()));
    artifacts.tags_.insert_or_assign(plain_name(*name), std::string(*tag));
  }
  return artifacts;
}

std::optional<std::string> Artifacts::find(std::string_view image) const {
  if (image.find('@') != std::string_view::npos) return std::nullopt;
  const auto found = tags_.find(plain_name(without_tag(image)));
  if (found == tags_.end()) return std::nullopt;
  return found->second;
}

}  // namespace digester::known
