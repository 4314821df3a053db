#include "manifest/image_walk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "yaml/event_sum.hpp"

namespace digester::manifest {
namespace {

using yaml::EventKind;

constexpr std::size_t kMaxPattern = 4'096;    // longer paths are in no rule
constexpr std::size_t kMaxObjectDepth = 16;   // lists within lists
constexpr std::string_view kNoPath = "\x01";  // occurs in no rule

bool is_path_key(std::string_view key) {
  return !key.empty() &&
         key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-$") ==
             std::string_view::npos;
}

std::size_t line_of(const yaml::Node& node) {
  return node.alias ? node.alias->line : node.event.line;
}

constexpr std::string_view kPathAnnotations[] = {"internal.config.kubernetes.io/path",
                                                 "config.kubernetes.io/path"};
constexpr std::string_view kIndexAnnotations[] = {"internal.config.kubernetes.io/index",
                                                  "config.kubernetes.io/index"};

}  // namespace

Result<void> ImageWalk::take(const yaml::Node& node) {
  switch (node.event.kind) {
    case EventKind::document_end:
      candidates_.decide();
      ++out_.documents;
      return {};
    case EventKind::mapping_start:
    case EventKind::sequence_start:
      return open(node);
    case EventKind::mapping_end:
    case EventKind::sequence_end:
      return close();
    case EventKind::scalar:
      return scalar(node);
    default:
      return {};
  }
}

Result<void> ImageWalk::open(const yaml::Node& node) {
  Frame child;
  child.is_mapping = child.expects_key = node.event.kind == EventKind::mapping_start;
  child.owner = frames_.size();
  child.pattern_size = pattern_.size();
  child.path_size = path_.size();
  child.first_candidate = candidates_.all.size();
  bool is_object = frames_.empty();
  if (!frames_.empty()) {
    const auto& parent = frames_.back();
    if (child.is_mapping && may_be_image(parent, true)) {
      if (auto added = add_candidate(parent, node); !added) return added;
      candidates_.all.back().is_mapping = true;
    }
    enter(parent, child);
    is_object = parent.role == Role::items && !parent.is_merged;
  }
  if (is_object && child.is_mapping && object_stack_.size() < kMaxObjectDepth)
    if (auto added = add_object(node.event.line, child); !added) return added;
  if (child.owner == frames_.size()) {
    if (names_.size() <= frames_.size()) names_.resize(frames_.size() + 1);
    names_[frames_.size()].text.clear();
    names_[frames_.size()].is_own = false;
  }
  frames_.push_back(child);
  return {};
}

void ImageWalk::enter(const Frame& parent, Frame& child) {
  if (parent.is_mapping && parent.expects_key) {
    child.is_key = true;
    pattern_ += kNoPath;
    return;
  }
  if (parent.is_mapping ? is_merge_ : parent.is_merged) {
    child.is_merged = true;
    child.owner = parent.owner;
    child.role = parent.role;
    return;
  }
  if (parent.is_mapping) {
    child.key = key_;
    if (parent.role == Role::object && key_ == kMetadata && child.is_mapping) child.role = Role::metadata;
    if (parent.role == Role::metadata && key_ == kAnnotations && child.is_mapping)
      child.role = Role::annotations;
    if (parent.role == Role::object && key_ == kItems && !child.is_mapping) child.role = Role::items;
  }
  append_step(parent);
}

Result<void> ImageWalk::add_object(std::size_t line, Frame& child) {
  if (out_.objects.size() + candidates_.objects.size() >= kMaxImageFields)
    return fail(ErrorKind::too_large, fmt::format("line {}: more than {} objects", line, kMaxImageFields));
  Potential potential;
  potential.object.document = out_.documents;
  potential.object.place = path_;
  potential.object.line = line;
  potential.parent = object_stack_.empty() ? kNone : object_stack_.back();
  potential.pattern_size = pattern_.size();
  potential.path_size = path_.size();
  child.role = Role::object;
  object_stack_.push_back(candidates_.objects.size());
  candidates_.objects.push_back(std::move(potential));
  return {};
}

Result<void> ImageWalk::close() {
  const auto& frame = frames_.back();
  if (frame.owner + 1 == frames_.size())
    for (auto i = frame.first_candidate; i < candidates_.all.size(); ++i)
      if (candidates_.all[i].holder == frame.owner) {
        candidates_.all[i].container = names_[frame.owner].text;
        candidates_.all[i].holder = kNone;
      }
  if (frame.role == Role::object && frame.is_mapping && !frame.is_merged) object_stack_.pop_back();
  pattern_.resize(frame.pattern_size);
  path_.resize(frame.path_size);
  frames_.pop_back();
  value_is_read();
  return {};
}

// A key or a value of the innermost container is complete.
void ImageWalk::value_is_read() {
  if (frames_.empty()) return;
  auto& frame = frames_.back();
  if (!frame.is_mapping) {
    ++frame.index;
  } else if (frame.expects_key) {
    // A key that is no scalar: what it stands for has no path.
    frame.expects_key = false;
    key_ = kNoKey;
    key_text_ = kNoPath;
    is_merge_ = false;
  } else {
    frame.expects_key = true;
  }
}

Result<void> ImageWalk::scalar(const yaml::Node& node) {
  if (frames_.empty()) {
    candidates_.use_otherwise(node);
    return {};
  }
  auto& frame = frames_.back();
  if (frame.is_mapping && frame.expects_key) {
    candidates_.use_otherwise(node);
    take_key(node);
    return {};
  }
  if (frame.is_mapping && key_ != kNoKey) take_value(frame, node);
  if (frame.is_mapping && key_ == kNoKey && frame.role == Role::annotations) take_value(frame, node);
  if (may_be_image(frame, false)) {
    if (auto added = add_candidate(frame, node); !added) return added;
  } else {
    candidates_.use_otherwise(node);
  }
  value_is_read();
  return {};
}

void ImageWalk::take_key(const yaml::Node& node) {
  auto& frame = frames_.back();
  const auto& event = node.event;
  frame.expects_key = false;
  key_text_ = event.value;
  is_merge_ = event.value == "<<" && event.style == yaml::ScalarStyle::plain;
  key_ = rules_.key(event.value);
  frame.doubled = kNoKey;
  if (key_ == kNoKey || frame.is_merged) return;
  if (frame.seen.test(key_)) {
    frame.doubled = key_;
    frame.doubled_line = line_of(node);
    if (frame.role == Role::object && (key_ == kApiVersion || key_ == kKind))
      candidates_.objects[object_stack_.back()].doubled_line = frame.doubled_line;
  }
  frame.seen.set(key_);
}

void ImageWalk::take_value(const Frame& frame, const yaml::Node& node) {
  const auto value = node.event.value;
  if (frame.role != Role::other) identify(candidates_.objects[object_stack_.back()], frame, value);
  if (key_ != kName) return;
  auto& name = names_[frame.owner];
  if (frame.is_merged && name.is_own) return;
  name.text = value;
  name.is_own = !frame.is_merged;
}

void ImageWalk::identify(Potential& potential, const Frame& frame, std::string_view value) {
  auto& object = potential.object;
  if (frame.role == Role::object && (key_ == kApiVersion || key_ == kKind)) {
    auto& has_own = key_ == kKind ? potential.has_own_kind : potential.has_own_api_version;
    if (frame.is_merged && has_own) return;
    (key_ == kKind ? object.kind : object.api_version) = value;
    has_own = !frame.is_merged;
  } else if (frame.role == Role::metadata) {
    if (key_ == kName) object.name = value;
    if (key_ == kNamespace) object.namespace_ = value;
  } else if (frame.role == Role::annotations) {
    if (key_text_ == kPathAnnotations[0] || (key_text_ == kPathAnnotations[1] && object.file_path.empty()))
      object.file_path = value;
    if (key_text_ == kIndexAnnotations[0] || (key_text_ == kIndexAnnotations[1] && object.file_index.empty()))
      object.file_index = value;
  }
}

// The member or element that is read now, appended to the paths.
void ImageWalk::append_step(const Frame& parent) {
  if (!parent.is_mapping) {
    pattern_ += "[]";
    path_ += fmt::format("[{}]", parent.index);
    return;
  }
  append_path_key(pattern_, key_text_);
  if (is_path_key(key_text_)) {
    if (!path_.empty()) path_ += '.';
    path_ += key_text_;
  } else {
    path_ += '[';
    text::append_json_string(path_, key_text_);
    path_ += ']';
  }
}

bool ImageWalk::may_be_image(const Frame& frame, bool is_mapping) {
  if (frame.is_mapping ? frame.expects_key || is_merge_ || !rules_.is_leaf(key_)
                       : is_mapping || frame.is_merged || !rules_.is_leaf(frame.key))
    return false;
  if (object_stack_.empty() || pattern_.size() > kMaxPattern) return false;
  const auto kept = pattern_.size();
  if (frame.is_mapping)
    append_path_key(pattern_, key_text_);
  else
    pattern_ += "[]";
  const bool known = std::any_of(object_stack_.begin(), object_stack_.end(), [this](std::size_t object) {
    auto pattern = std::string_view(pattern_).substr(candidates_.objects[object].pattern_size);
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    return rules_.knows(pattern);
  });
  pattern_.resize(kept);
  return known;
}

Result<void> ImageWalk::add_candidate(const Frame& frame, const yaml::Node& node) {
  const auto line = line_of(node);
  if (out_.fields.size() + candidates_.all.size() >= kMaxImageFields)
    return fail(ErrorKind::too_large, fmt::format("line {}: more than {} images", line, kMaxImageFields));
  const auto pattern_size = pattern_.size();
  const auto path_size = path_.size();
  append_step(frame);
  Candidate candidate;
  candidate.object = object_stack_.back();
  candidate.pattern = pattern_;
  candidate.path = path_;
  pattern_.resize(pattern_size);
  path_.resize(path_size);
  candidate.value = node.event.value;
  candidate.tag = node.event.tag;
  candidate.event = node.event;
  candidate.event.value = candidate.event.anchor = candidate.event.tag = {};
  candidate.shared = node.shared;
  candidate.is_alias = node.alias != nullptr;
  if (node.alias) candidate.alias = *node.alias;
  candidate.line = line;
  candidate.holder = frame.owner;
  // volumes[].image.reference: the name is the volume's.
  if (key_ == kReference && frame.is_mapping && frames_[frame.owner].key == kImage && frame.owner > 0)
    candidate.holder = frames_[frame.owner - 1].owner;
  mark_doubled(candidate);
  candidates_.all.push_back(std::move(candidate));
  return {};
}

void ImageWalk::mark_doubled(Candidate& candidate) const {
  const auto found = std::find_if(frames_.begin(), frames_.end(),
                                  [](const Frame& frame) { return frame.doubled != kNoKey; });
  if (found == frames_.end()) return;
  candidate.doubled_line = found->doubled_line;
  candidate.doubled_key = rules_.text(found->doubled);
}

Result<Images> find_images(std::string_view text, const Rules& rules) {
  Images images;
  ImageWalk walk(text, rules, images);
  yaml::Expander expander(yaml::read(text));
  yaml::EventSum sum;
  while (true) {
    const auto node = expander.next();
    if (!node) return fail(node.error());
    sum.add(*node);
    if (node->event.kind == EventKind::stream_end) break;
    if (auto taken = walk.take(*node); !taken) return fail(std::move(taken.error()));
  }
  // They are kept for as long as the text is.
  images.objects.shrink_to_fit();
  images.fields.shrink_to_fit();
  images.sum = sum.value();
  return images;
}

}  // namespace digester::manifest
