#include "app/known_sources.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "app/ko_build.hpp"
#include "base/text.hpp"
#include "files/read.hpp"
#include "files/replace.hpp"
#include "image/reference.hpp"
#include "known/ko_references.hpp"
#include "known/limits.hpp"

namespace digester::app {
namespace {

std::string shown(const std::string& path) {
  return path == files::kStandardInput ? "standard input" : text::printable(path, 512);
}

template <typename T>
Result<T> read(const std::string& path, Result<T> (*parse)(std::string_view)) {
  const auto text = files::read_file(path, known::kMaxFile);
  if (!text) return fail(text.error());
  auto parsed = parse(*text);
  if (!parsed) return fail(parsed.error().kind, fmt::format("{}: {}", shown(path), parsed.error().message));
  return parsed;
}

// Nothing but a file has a lock to be kept: not /dev/stdout.
bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool has_object(const pin::Page& page) {
  return std::any_of(page.images.objects.begin(), page.images.objects.end(),
                     [](const auto& object) { return !object.api_version.empty() && !object.kind.empty(); });
}

}  // namespace

Result<std::unique_ptr<KnownSources>> KnownSources::open(const cli::KnownOptions& options, bool digest_only) {
  std::unique_ptr<KnownSources> known(new KnownSources(options, digest_only));
  if (!options.build_artifacts.empty()) {
    auto artifacts = read(options.build_artifacts, known::Artifacts::read);
    if (!artifacts) return fail(std::move(artifacts.error()));
    known->artifacts_ = std::move(*artifacts);
  }
  if (!options.image_map.empty()) {
    auto map = read(options.image_map, known::ImageMap::read);
    if (!map) return fail(std::move(map.error()));
    known->map_ = std::move(*map);
  }
  if (auto locks = known->read_locks(); !locks) return fail(std::move(locks.error()));
  // Before anything is written.
  if (is_file(options.imgpkg_lock_output)) {
    auto old = read(options.imgpkg_lock_output, known::ImagesLock::read);
    if (!old) return fail(std::move(old.error()));
    known->old_lock_ = std::move(*old);
  }
  return known;
}

// Two locks must not say two things of one image.
Result<void> KnownSources::read_locks() {
  std::map<std::string, std::pair<std::string, std::string>> seen;  // id → image, path
  for (const auto& path : options_.locks) {
    auto lock = read(path, known::ImagesLock::read);
    if (!lock) return fail(std::move(lock.error()));
    for (const auto& entry : lock->entries()) {
      if (entry.id.empty()) continue;
      const auto [place, is_new] = seen.try_emplace(entry.id, entry.image, path);
      if (!is_new && place->second.first != entry.image)
        return fail(ErrorKind::conflict,
                    fmt::format("{}:{}: {} has another digest in {}; remove one of them", shown(path),
                                entry.line, text::printable(entry.id, 256), shown(place->second.second)));
    }
    locks_.push_back(std::move(*lock));
  }
  return {};
}

void KnownSources::add_to(pin::Policy& policy) {
  policy.substitutes.emplace_back([this](std::string_view image) { return find(image); });
}

std::optional<std::string> KnownSources::find(std::string_view image) {
  if (map_)
    if (auto found = map_->find(image)) return found;
  if (artifacts_)
    if (auto found = artifacts_->find(image)) return found;
  for (const auto& lock : locks_)
    if (auto found = lock.find(image, digest_only_)) return found;
  return options_.ko && image.starts_with(known::kKoScheme) ? built(image) : std::nullopt;
}

std::optional<std::string> KnownSources::built(std::string_view image) {
  // An expression, or whatever else is in a manifest, is not for a program to be given.
  const auto path = image.substr(known::kKoScheme.size());
  constexpr std::string_view kOthers = "-._~/";
  if (path.empty() || path.front() == '-' || !std::all_of(path.begin(), path.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kOthers.find(c) != std::string_view::npos;
      }))
    return std::nullopt;
  auto place = builds_.find(image);
  if (place == builds_.end()) place = builds_.emplace(image, ko_build(path)).first;
  return place->second ? std::optional(*place->second) : std::nullopt;
}

// Nobody asks a registry about what is no image: it must have its digest, or be an image in another place.
std::optional<std::string> KnownSources::find_elsewhere(const Become& images, std::string_view value) {
  auto found = find(value);
  if (!found || found->find('@') != std::string::npos) return found;
  const auto image = images.find(value);
  return image == images.end() ? std::nullopt : std::optional<std::string>(image->second);
}

KnownSources::Become KnownSources::become(const pin::Batch& batch) {
  Become out;
  for (const auto& page : batch.pages())
    for (std::size_t i = 0; i < page.outcomes.size(); ++i)
      if (page.outcomes[i].status == pin::Status::replaced)
        out.try_emplace(page.images.fields[i].value, page.outcomes[i].proposed);
  return out;
}

void KnownSources::explain_failed_builds(pin::Batch& batch) const {
  for (auto& page : batch.pages())
    for (std::size_t i = 0; i < page.outcomes.size(); ++i) {
      const auto build = builds_.find(page.images.fields[i].value);
      if (page.outcomes[i].status == pin::Status::failed && build != builds_.end() && !build->second)
        page.outcomes[i].why = build->second.error();
    }
}

void KnownSources::find_unused(const pin::Batch& batch, std::vector<Trouble>& troubles) const {
  if (!artifacts_) return;
  std::vector<std::string_view> images;
  for (const auto& page : batch.pages())
    for (const auto& field : page.images.fields)
      images.emplace_back(field.value);
  for (const auto& [before, after] : elsewhere_)
    images.emplace_back(before);
  for (const auto* artifact : artifacts_->unused(images)) {
    Trouble trouble{std::nullopt, artifact->line, artifact->name, {}, true};
    trouble.message =
        fmt::format("{} was built, and no manifest that was read has it; is it named there as it is here?",
                    text::printable(artifact->name, 256));
    troubles.push_back(std::move(trouble));
  }
}

std::vector<KnownSources::Trouble> KnownSources::conclude(pin::Batch& batch) {
  std::vector<Trouble> troubles;
  explain_failed_builds(batch);
  const auto images = become(batch);
  for (std::size_t i = 0; i < batch.pages().size(); ++i) {
    auto& page = batch.pages()[i];
    if (page.problem || !has_object(page)) continue;
    const auto found = known::find_ko(page.result());
    if (!found) continue;  // the page itself would have a problem
    if (found->empty()) continue;
    auto replaced = known::replace_ko(page.result(), *found,
                                      [&](std::string_view value) { return find_elsewhere(images, value); });
    if (!replaced) {
      troubles.push_back({i, 0, {}, replaced.error().message});
      continue;
    }
    for (std::size_t n = 0; n < replaced->replaced.size(); ++n)
      elsewhere_.push_back({replaced->replaced[n].value, replaced->references[n]});
    if (!replaced->replaced.empty()) page.changed = std::move(replaced->text);
    std::set<std::pair<std::size_t, std::string_view>> told;  // by the batch
    if (!replaced->unresolved.empty())
      for (const auto& field : page.images.fields)
        told.emplace(field.written_line, text::trim(field.value));
    for (const auto& left : replaced->unresolved) {
      if (told.contains({left.line, left.value})) continue;
      const auto value = left.refusal.empty() ? find(left.value) : std::nullopt;
      if (const auto build = builds_.find(left.value); build != builds_.end() && !build->second) {
        troubles.push_back({i, left.line, left.value, build->second.error().message});
        continue;
      }
      troubles.push_back({i, left.line, left.value,
                          value ? fmt::format("{} is {} here, which has no digest; say which digest it has",
                                              text::printable(left.value, 256), *value)
                                : known::unresolved_message(left)});
    }
  }
  find_unused(batch, troubles);
  return troubles;
}

std::vector<KnownSources::Replaced> KnownSources::all_of(const pin::Batch& batch) const {
  std::vector<Replaced> all;
  for (const auto& page : batch.pages()) {
    for (std::size_t i = 0; i < page.outcomes.size(); ++i) {
      const auto& before = page.images.fields[i].value;
      switch (page.outcomes[i].status) {
        case pin::Status::pinned:
        case pin::Status::replaced:
          all.push_back({before, page.outcomes[i].proposed});
          break;
        case pin::Status::had_digest:
          all.push_back({before, before});
          break;
        default:
          break;
      }
    }
  }
  all.insert(all.end(), elsewhere_.begin(), elsewhere_.end());
  return all;
}

Result<void> KnownSources::write(const pin::Batch& batch,
                                 const std::function<void(std::string_view)>& say) const {
  const auto all = all_of(batch);
  if (!options_.image_refs.empty()) {
    std::string lines;
    std::set<std::string_view> seen;
    for (const auto& [before, after] : all) {
      const auto reference = image::Reference::parse(after);
      if (reference && reference->digest() && seen.insert(after).second) lines += after + "\n";
    }
    if (auto written = files::write_file(options_.image_refs, lines); !written) return written;
  }
  const auto& path = options_.imgpkg_lock_output;
  if (path.empty()) return {};
  auto lock = old_lock_;
  std::vector<known::LockEntry> fresh;
  for (const auto& [before, after] : all)
    if (auto entry = known::lock_entry(before, after)) fresh.push_back(std::move(*entry));
  for (const auto& stale : lock.merge(fresh))
    say(fmt::format(
        "{}: {} is locked and no manifest that was read has it; remove its entry if nobody needs it",
        shown(path), text::printable(stale, 256)));
  auto text = lock.write();
  if (!text) return fail(text.error().kind, fmt::format("{}: {}", shown(path), text.error().message));
  return files::write_file(path, *text);
}

}  // namespace digester::app
