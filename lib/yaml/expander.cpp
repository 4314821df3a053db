#include "yaml/expander.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace digester::yaml {

Expander::Expander(std::unique_ptr<EventReader> reader, const ExpansionLimits& limits)
    : reader_(std::move(reader)), limits_(limits), properties_(1) {}

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
  properties_.assign(1, {});
  kept_.clear();
}

std::uint32_t Expander::keep(std::string_view text) {
  const auto at = kept_.size();
  kept_ += text;
  return static_cast<std::uint32_t>(at);
}

void Expander::append(const Event& event, std::size_t target) {
  const auto small = [](std::size_t n) { return static_cast<std::uint32_t>(n); };
  Record record{.begin = small(event.begin),
                .end = small(event.end),
                .line = small(event.line),
                .value = keep(event.value),
                .value_size = small(event.value.size()),
                .more = small(target),
                .kind = event.kind,
                .style = event.style,
                .flow = event.flow};
  if (event.kind != EventKind::alias && !(event.anchor.empty() && event.tag.empty())) {
    record.more = small(properties_.size());
    const auto anchor = keep(event.anchor);
    properties_.push_back({anchor, small(event.anchor.size()), keep(event.tag), small(event.tag.size())});
  }
  tape_.push_back(record);
}

Node Expander::restore(const Record& record) const {
  const std::string_view kept = kept_;
  const auto& properties = properties_[record.more];
  Event event;
  event.kind = record.kind;
  event.style = record.style;
  event.flow = record.flow;
  event.value = kept.substr(record.value, record.value_size);
  event.anchor = kept.substr(properties.anchor, properties.anchor_size);
  event.tag = kept.substr(properties.tag, properties.tag_size);
  event.begin = record.begin;
  event.end = record.end;
  event.line = record.line;
  return {event, true, &alias_};
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
    if (record.kind == EventKind::alias) {
      if (ends) replays_.pop_back();
      const auto& target = recordings_[record.more];
      replays_.push_back({target.begin, target.end});
      continue;
    }
    if (ends) replays_.pop_back();
    replayed_bytes_ += record.value_size;
    if (++replayed_ > limits_.events || replayed_bytes_ > limits_.bytes)
      return fail(ErrorKind::too_large,
                  fmt::format("line {}: the aliases up to here stand for more than {} nodes or {} bytes",
                              alias_.line, limits_.events, limits_.bytes));
    if (opens(record.kind) && depth_ + ++expanded_ > limits_.depth)
      return fail(ErrorKind::too_large, fmt::format("line {}: nested deeper than {} levels, with aliases",
                                                    alias_.line, limits_.depth));
    if (closes(record.kind)) --expanded_;
    return restore(record);
  }
}

}  // namespace digester::yaml
