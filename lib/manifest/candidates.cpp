#include "manifest/candidates.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "manifest/scalar.hpp"

namespace digester::manifest {
namespace {

// List, PodList, ResourceList: kubectl takes for a list what has items.
bool is_list(const Object& object) {
  return std::string_view(object.kind).ends_with("List");
}

}  // namespace

std::size_t Candidates::owner(std::size_t object) const {
  while (object != kNone && indexes_[object] == kNone)
    object = objects[object].parent;
  return object;
}

void Candidates::decide() {
  indexes_.assign(objects.size(), kNone);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto parent = objects[i].parent;
    if (parent != kNone && (indexes_[parent] == kNone || !is_list(out_.objects[indexes_[parent]]))) continue;
    indexes_[i] = out_.objects.size();
    out_.objects.push_back(std::move(objects[i].object));
  }
  for (auto& candidate : all) {
    if (is_image(candidate)) continue;
    if (candidate.shared) other_uses_.try_emplace(candidate.event.begin, candidate.line);
    candidate.object = kNone;
  }
  for (auto& candidate : all)
    if (candidate.object != kNone) add(candidate);
  objects.clear();
  all.clear();
  other_uses_.clear();
}

bool Candidates::is_image(Candidate& candidate) const {
  candidate.object = owner(candidate.object);
  if (candidate.object == kNone) return false;
  const auto& around = objects[candidate.object];
  const auto& object = out_.objects[indexes_[candidate.object]];
  auto pattern = std::string_view(candidate.pattern).substr(around.pattern_size);
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  return rules_.fits(pattern, object.api_version, object.kind);
}

void Candidates::add(Candidate& candidate) {
  const auto& around = objects[candidate.object];
  auto path = candidate.path.substr(around.path_size);
  if (path.starts_with('.')) path.erase(0, 1);
  if (candidate.is_mapping)
    // `image: {{ .Values.image }}`
    return warn({candidate.line,
                 fmt::format("{} is a mapping, not text, and is left alone", text::printable(path, 128)),
                 text_.substr(candidate.event.begin).starts_with("{{")
                     ? "if {{ makes it a template, pin what comes of it"
                     : ""});
  auto& scalar = candidate.event;
  scalar.value = candidate.value;
  scalar.tag = candidate.tag;
  if (is_empty(scalar)) return;
  ImageField field;
  field.object = indexes_[candidate.object];
  field.path = std::move(path);
  field.container = std::move(candidate.container);
  field.value = candidate.value;
  field.line = candidate.line;
  field.is_alias = candidate.is_alias;
  field.alias_begin = candidate.alias.begin;
  field.alias_end = candidate.alias.end;
  field.begin = scalar.begin;
  field.end = scalar.end;
  field.written_line = scalar.line;
  judge(field, scalar, text_);
  if (field.state == State::expression) warn(field.why);
  if (field.state == State::open && around.doubled_line != 0) {
    field.state = State::refused;
    field.why = {around.doubled_line,
                 "apiVersion or kind is there twice, so that nobody knows what object this is",
                 "remove one of them"};
  }
  const auto other = other_uses_.find(field.begin);
  if (field.state == State::open && other != other_uses_.end()) {
    field.state = State::refused;
    field.why = {
        field.line,
        fmt::format("the image \"{}\" is written on line {} and used by an anchor on line {} too, where it "
                    "is no image",
                    text::printable(field.value, 128), field.written_line, other->second),
        "write the image out here, or name the other place as an image path"};
  }
  if (candidate.doubled_line != 0)
    warn({candidate.doubled_line,
          fmt::format(
              "the key \"{}\" is there twice: readers disagree which of them counts, so both are looked at",
              text::printable(candidate.doubled_key, 64)),
          "remove one of them"});
  out_.fields.push_back(std::move(field));
}

void Candidates::warn(Remark remark) {
  const bool is_known = !out_.warnings.empty() && out_.warnings.back().line == remark.line &&
                        out_.warnings.back().cause == remark.cause;
  if (!is_known) out_.warnings.push_back(std::move(remark));
}

}  // namespace digester::manifest
