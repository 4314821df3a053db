#include "known/images_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "image/reference.hpp"
#include "known/reading.hpp"
#include "yaml/writer.hpp"

namespace digester::known {
namespace {

constexpr std::string_view kApiVersion = "imgpkg.carvel.dev/v1alpha1";
constexpr std::string_view kKind = "ImagesLock";
constexpr std::string_view kId = "kbld.carvel.dev/id";
constexpr std::string_view kOrigins = "kbld.carvel.dev/origins";

// Registries' clients written in Go call Docker Hub so.
std::string full_repository(const image::Reference& reference) {
  return fmt::format("{}/{}", reference.domain() == "docker.io" ? "index.docker.io" : reference.domain(),
                     reference.path());
}

// What two spellings of one image have in common; nothing for what is no reference with a tag.
std::optional<std::string> name_of(std::string_view image) {
  const auto reference = image::Reference::parse(image);
  if (!reference || reference->digest()) return std::nullopt;
  return fmt::format("{}:{}", reference->repository(), reference->tag());
}

std::string origins(std::string_view kind, yaml::Tree detail) {
  auto origin = yaml::Tree::mapping();
  origin.at(kind) = std::move(detail);
  auto list = yaml::Tree::sequence();
  list.items.push_back(std::move(origin));
  return yaml::write(list).value_or(std::string());
}

Result<void> check_header(const yaml::Tree& lock) {
  const auto kind = text_of(lock, "kind").value_or("");
  const auto version = text_of(lock, "apiVersion").value_or("");
  if (kind == "BundleLock")
    return fail(at_line(lock.line, "it is a BundleLock; give the bundle's ImagesLock (.imgpkg/images.yml)"));
  if (kind != kKind || version != kApiVersion)
    return fail(
        at_line(lock.line, fmt::format("no lock; one has apiVersion: {} and kind: {}", kApiVersion, kKind)));
  if (const auto* spec = lock.find("spec"); spec != nullptr && lock.find("images") == nullptr)
    return fail(at_line(spec->line, "a lock of an early form; move images: out of spec:"));
  return {};
}

Result<LockEntry> read_entry(const yaml::Tree& tree) {
  LockEntry entry;
  entry.line = tree.line;
  const auto image = text_of(tree, "image");
  if (!image) return fail(at_line(tree.line, "an entry of images has no image"));
  const auto reference = read_replacement(*image, tree.line, "the image");
  if (!reference) return fail(reference.error());
  if (!reference->digest())
    return fail(at_line(tree.line, fmt::format("the image {} has no digest; write the lock anew",
                                               text::printable(*image, 128))));
  entry.image = *image;
  const auto* annotations = tree.find("annotations");
  if (annotations == nullptr || annotations->is_null()) return entry;
  for (const auto& [key, is_text, line, value] : annotations->members) {
    if (!value.is_scalar())
      return fail(at_line(line, fmt::format("the annotation {} is no text", text::printable(key, 128))));
    if (key == kId)
      entry.id = value.scalar;
    else if (key == kOrigins)
      entry.origins = value.scalar;
    else
      entry.others.emplace(key, value.scalar);
  }
  return entry;
}

}  // namespace

std::optional<LockEntry> lock_entry(std::string_view before, std::string_view after) {
  const auto pinned = image::Reference::parse(after);
  if (!pinned || !pinned->digest()) return std::nullopt;
  LockEntry entry{.image = fmt::format("{}@{}", full_repository(*pinned), pinned->digest()->str()),
                  .id = std::string(before)};
  const auto original = image::Reference::parse(before);
  if (original && original->digest()) return entry;
  auto detail = yaml::Tree::mapping();
  if (original && original->repository() == pinned->repository()) {
    detail.at("tag") = yaml::Tree::text(original->tag());
    detail.at("url") = yaml::Tree::text(std::string(before));
    entry.origins = origins("resolved", std::move(detail));
  } else {
    detail.at("url") = yaml::Tree::text(std::string(after));
    entry.origins = origins("preresolved", std::move(detail));
  }
  return entry;
}

Result<ImagesLock> ImagesLock::read(std::string_view text) {
  if (text.size() > kMaxFile)
    return fail(ErrorKind::too_large, fmt::format("longer than {} bytes", kMaxFile));
  auto documents = yaml::read_trees(text, kTreeLimits);
  if (!documents) return fail(std::move(documents.error()));
  std::erase_if(*documents, [](const yaml::Tree& tree) { return tree.is_null(); });
  if (documents->size() != 1)
    return fail(at_line(1, fmt::format("{} documents; a lock is one", documents->size())));
  const auto& root = documents->front();
  if (auto header = check_header(root); !header) return fail(std::move(header.error()));
  ImagesLock lock;
  const auto* images = root.find("images");
  if (images != nullptr && !images->is_sequence() && !images->is_null())
    return fail(at_line(images->line, "images is no list"));
  if (images != nullptr && images->items.size() > kMaxEntries)
    return fail(at_line(images->line, fmt::format("more than {} images", kMaxEntries), ErrorKind::too_large));
  std::unordered_map<std::string, std::size_t> seen;
  for (const auto& item : images != nullptr ? images->items : std::vector<yaml::Tree>()) {
    auto entry = read_entry(item);
    if (!entry) return fail(std::move(entry.error()));
    if (const auto twice = seen.find(entry->id); !entry->id.empty() && twice != seen.end()) {
      const auto& first = lock.entries_[twice->second];
      if (first.image != entry->image)
        return fail(at_line(entry->line, fmt::format("{} has another digest on line {}; remove one of them",
                                                     text::printable(entry->id, 128), first.line)));
      continue;
    }
    seen.emplace(entry->id, lock.entries_.size());
    lock.entries_.push_back(std::move(*entry));
  }
  lock.index();
  return lock;
}

void ImagesLock::index() {
  by_id_.clear();
  by_name_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].id.empty()) continue;
    by_id_.emplace(entries_[i].id, i);
    if (const auto name = name_of(entries_[i].id)) by_name_.emplace(*name, i);
  }
}

const LockEntry* ImagesLock::entry(std::string_view image) const {
  auto found = by_id_.find(std::string(image));
  if (found == by_id_.end()) {
    const auto name = name_of(image);
    found = name ? by_name_.find(*name) : by_name_.end();
    if (found == by_name_.end()) return nullptr;
  }
  return &entries_[found->second];
}

std::optional<std::string> ImagesLock::find(std::string_view image, bool digest_only) const {
  if (image.find('@') != std::string_view::npos) return std::nullopt;
  const auto* found = entry(image);
  if (found == nullptr) return std::nullopt;
  const auto& locked = found->image;
  const auto reference = image::Reference::parse(image);
  const auto there = image::Reference::parse(locked);
  if (!reference || !there || reference->repository() != there->repository()) return locked;
  return digest_only ? reference->pinned_without_tag(*there->digest()) : reference->pinned(*there->digest());
}

std::vector<std::string> ImagesLock::merge(std::span<const LockEntry> fresh) {
  std::map<std::string, LockEntry> wanted;
  for (const auto& entry : fresh)
    wanted.insert_or_assign(entry.id, entry);
  std::vector<std::string> stale;
  for (auto& entry : entries_) {
    const auto place = wanted.find(entry.id);
    if (place == wanted.end() || entry.id.empty()) {
      stale.push_back(entry.id.empty() ? entry.image : entry.id);
      continue;
    }
    place->second.others.merge(entry.others);
    entry = std::move(place->second);
    wanted.erase(place);
  }
  for (auto& [id, entry] : wanted)
    entries_.push_back(std::move(entry));
  index();
  std::sort(stale.begin(), stale.end());
  return stale;
}

Result<std::string> ImagesLock::write() const {
  std::vector<const LockEntry*> sorted;
  for (const auto& entry : entries_)
    sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const LockEntry* a, const LockEntry* b) {
    return std::tie(a->id, a->image) < std::tie(b->id, b->image);
  });
  auto images = yaml::Tree::sequence();
  for (const auto* entry : sorted) {
    auto annotations = yaml::Tree::mapping();
    for (const auto& [key, value] : entry->others)
      annotations.at(key) = yaml::Tree::text(value);
    if (!entry->id.empty()) annotations.at(kId) = yaml::Tree::text(entry->id);
    if (!entry->origins.empty()) annotations.at(kOrigins) = yaml::Tree::text(entry->origins);
    auto item = yaml::Tree::mapping();
    item.at("image") = yaml::Tree::text(entry->image);
    if (!annotations.members.empty()) item.at("annotations") = std::move(annotations);
    images.items.push_back(std::move(item));
  }
  auto lock = yaml::Tree::mapping();
  lock.at("apiVersion") = yaml::Tree::text(std::string(kApiVersion));
  lock.at("kind") = yaml::Tree::text(std::string(kKind));
  lock.at("images") = std::move(images);
  yaml::sort_keys(lock);
  return yaml::write(lock);
}

}  // namespace digester::known
