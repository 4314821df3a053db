#include "yaml/expander.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace digester::yaml {

Expander::Expander(std::unique_ptr<EventReader> reader, const ExpansionLimits& limits)
    : reader_(std::move(reader)), limits_(limits) {}

Result<Node> Expander::next() {
  return replays_.empty() ? read() : replay();
}

Result<Node> Expander::read() {
  auto event = reader_->next();
  if (!event) return fail(std::move(event.error()));
  if (event->kind == EventKind::document_start) forget();
  if (event->kind == EventKind::alias) return follow(*event);
  if (closes(event->kind)) --depth_;
  if (!event->anchor.empty()) {
    anchors_.insert_or_assign(std::string(event->anchor), recordings_.size());
    open_.push_back({depth_, recordings_.size()});
    recordings_.push_back({tape_.size(), 0});
  }
  const bool shared = !open_.empty();
  if (shared) {
    append(*event, 0);
    if (!opens(event->kind) && open_.back().depth == depth_) {
      recordings_[open_.back().recording].end = tape_.size();
      recordings_[open_.back().recording].open = false;
      open_.pop_back();
    }
  }
  if (opens(event->kind)) ++depth_;
  return Node{*event, shared, nullptr};
}

void Expander::forget() {
  anchors_.clear();
  recordings_.clear();
  open_.clear();
  tape_.clear();
  kept_.clear();
}

std::size_t Expander::keep(std::string_view text) {
  const auto at = kept_.size();
  kept_ += text;
  return at;
}

void Expander::append(const Event& event, std::size_t target) {
  Record record{.event = event,
                .value = keep(event.value),
                .value_size = event.value.size(),
                .anchor = keep(event.anchor),
                .anchor_size = event.anchor.size(),
                .tag = keep(event.tag),
                .tag_size = event.tag.size(),
                .target = target};
  record.event.value = record.event.anchor = record.event.tag = {};
  tape_.push_back(record);
}

Result<Node> Expander::follow(const Event& alias) {
  const auto name = text::printable(alias.anchor, 64);
  const auto found = anchors_.find(std::string(alias.anchor));
  if (found == anchors_.end())
    return fail(ErrorKind::invalid,
                fmt::format("line {}: the alias *{} stands for nothing: no &{} comes before it in "
                            "its document",
                            alias.line, name, name));
  const auto& recording = recordings_[found->second];
  if (recording.open)
    return fail(ErrorKind::invalid,
                fmt::format("line {}: the alias *{} is part of what it stands for", alias.line, name));
  if (!open_.empty()) append(alias, found->second);
  alias_ = {alias.begin, alias.end, alias.line};
  replays_.push_back({recording.begin, recording.end});
  return replay();
}

Result<Node> Expander::replay() {
  while (true) {
    auto& range = replays_.back();
    const auto& record = tape_[range.at++];
    const bool ends = range.at == range.end;
    if (record.event.kind == EventKind::alias) {
      if (ends) replays_.pop_back();
      const auto& target = recordings_[record.target];
      replays_.push_back({target.begin, target.end});
      continue;
    }
    if (ends) replays_.pop_back();
    replayed_bytes_ += record.value_size;
    if (++replayed_ > limits_.events || replayed_bytes_ > limits_.bytes)
      return fail(ErrorKind::too_large,
                  fmt::format("line {}: the aliases up to here stand for more than {} nodes or {} bytes",
                              alias_.line, limits_.events, limits_.bytes));
    if (opens(record.event.kind) && depth_ + ++expanded_ > limits_.depth)
      return fail(ErrorKind::too_large, fmt::format("line {}: nested deeper than {} levels, with aliases",
                                                    alias_.line, limits_.depth));
    if (closes(record.event.kind)) --expanded_;
    const std::string_view kept = kept_;
    Node node{record.event, true, &alias_};
    node.event.value = kept.substr(record.value, record.value_size);
    node.event.anchor = kept.substr(record.anchor, record.anchor_size);
    node.event.tag = kept.substr(record.tag, record.tag_size);
    return node;
  }
}

}  // namespace digester::yaml
