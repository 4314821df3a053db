#include "kustomization/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"

namespace digester::kustomization {
namespace {

std::string shown(std::string_view text) {
  return text::printable(text, 256);
}

struct Name {
  std::set<std::string> open;    // without a digest, whole
  std::set<std::string> pinned;  // likewise
};

const Entry* entry_of(const Kustomization& file, std::string_view name) {
  const Entry* out = nullptr;
  for (const auto& entry : file.images)
    if (entry.result_name() == name) out = &entry;
  return out;
}

class Planner {
 public:
  Planner(const Kustomization& file, const PlanOptions& options) : file_(file), options_(options) {}

  void take(const std::string& name, const Name& found) {
    const auto* entry = entry_of(file_, name);
    if (found.open.empty()) {
      if (entry && entry->digest && options_.update) update(name, *entry);
      return;
    }
    if (!entry && !options_.add) {
      out_.uncovered.insert(out_.uncovered.end(), found.open.begin(), found.open.end());
      return;
    }
    const auto line = entry ? entry->line : 0;
    if (found.open.size() + found.pinned.size() > 1) {
      std::set<std::string> all = found.open;
      all.insert(found.pinned.begin(), found.pinned.end());
      return refuse(line,
                    fmt::format("{} comes as {}, and one digest would make them the same", shown(name),
                                shown(fmt::format("{}", fmt::join(all, " and ")))),
                    "pin them where they are written, with digester resolve -i");
    }
    if (entry && entry->tag_suffix && !entry->tag_suffix->value.empty())
      return refuse(entry->tag_suffix->line,
                    fmt::format("the tagSuffix of {} vanishes beside a digest", shown(name)),
                    "write the whole tag as newTag");
    if (entry && entry->digest && !entry->digest->value.empty())
      return refuse(entry->digest->line,
                    fmt::format("{} has a digest here, and the build yields {}", shown(name),
                                shown(*found.open.begin())),
                    "look for another entry, an overlay or a replacement that writes over it");
    add(name, *found.open.begin(), entry);
  }

  Plan result() { return std::move(out_); }

 private:
  void refuse(std::size_t line, std::string cause, std::string cure) {
    out_.refusals.push_back({line, std::move(cause), std::move(cure)});
  }

  void add(const std::string& name, const std::string& image, const Entry* entry) {
    Step step{std::nullopt, image, name, std::nullopt};
    if (entry) step.entry = static_cast<std::size_t>(entry - file_.images.data());
    const auto tag = split_image(image).tag;
    if (!tag.empty() && !(entry && entry->new_tag)) step.tag = tag;
    out_.steps.push_back(std::move(step));
  }

  void update(const std::string& name, const Entry& entry) {
    if (!entry.new_tag || entry.new_tag->value.empty())
      return refuse(entry.line,
                    fmt::format("{} has a digest and no newTag, so nobody knows of which tag", shown(name)),
                    "write newTag beside it");
    if (entry.tag_suffix && !entry.tag_suffix->value.empty())
      return refuse(entry.tag_suffix->line,
                    fmt::format("the tagSuffix of {} vanishes beside a digest", shown(name)),
                    "write the whole tag as newTag");
    out_.steps.push_back({static_cast<std::size_t>(&entry - file_.images.data()),
                          fmt::format("{}:{}", name, entry.new_tag->value), name, std::nullopt});
  }

  const Kustomization& file_;
  const PlanOptions& options_;
  Plan out_;
};

}  // namespace

Plan plan(const Kustomization& file, std::span<const std::string> built, const PlanOptions& options,
          std::span<const std::string> elsewhere) {
  std::map<std::string, Name> names;
  for (const auto& image : built) {
    const auto parts = split_image(image);
    if (std::find(elsewhere.begin(), elsewhere.end(), parts.name) != elsewhere.end()) continue;
    auto& name = names[parts.name];
    (parts.digest.empty() ? name.open : name.pinned).insert(image);
  }
  Planner planner(file, options);
  for (const auto& [name, found] : names)
    planner.take(name, found);
  return planner.result();
}

}  // namespace digester::kustomization
