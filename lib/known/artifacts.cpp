#include "known/artifacts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

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
    artifacts.tags_.insert_or_assign(plain_name(*name),
                                     Artifact{std::string(*name), std::string(*tag), build.line});
  }
  return artifacts;
}

std::optional<std::string> Artifacts::find(std::string_view image) const {
  if (image.find('@') != std::string_view::npos) return std::nullopt;
  const auto* artifact = of(image);
  return artifact == nullptr ? std::nullopt : std::optional(artifact->tag);
}

const Artifacts::Artifact* Artifacts::of(std::string_view image) const {
  const auto found = tags_.find(plain_name(without_tag(image)));
  return found == tags_.end() ? nullptr : &found->second;
}

std::vector<const Artifacts::Artifact*> Artifacts::unused(std::span<const std::string_view> images) const {
  std::unordered_set<const Artifact*> used;
  std::unordered_set<std::string_view> written;  // whole, and without their digests
  for (const auto image : images) {
    const auto bare = image.substr(0, image.find('@'));
    if (const auto* artifact = of(bare)) used.insert(artifact);
    written.insert(image);
    written.insert(bare);
  }
  std::vector<const Artifact*> out;
  for (const auto& [name, artifact] : tags_)
    if (!used.contains(&artifact) && !written.contains(artifact.tag)) out.push_back(&artifact);
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    return std::tie(a->line, a->name) < std::tie(b->line, b->name);
  });
  return out;
}

}  // namespace digester::known
