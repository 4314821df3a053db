// A part of a document as a document of its own. Internal to the room.
#pragma once

#include <functional>

#include "yaml/expander.hpp"

namespace digester::krm {

// Gives what `first`, which `next` has just given, begins, and asks `next` for no more than that. Aliases are
// followed already.
class PartReader final : public yaml::EventReader {
 public:
  using Next = std::function<Result<yaml::Node>()>;
  // `left` is how much is open of the part that was not asked for: it outlives this.
  PartReader(const yaml::Node& first, Next next, std::size_t& left)
      : first_(first), next_(std::move(next)), left_(left) {
    left_ = yaml::opens(first.event.kind) ? 1 : 0;
  }

  Result<yaml::Event> next() override {
    using yaml::EventKind;
    switch (step_) {
      case Step::start:
        step_ = Step::first;
        return mark(EventKind::document_start);
      case Step::first:
        step_ = left_ > 0 ? Step::more : Step::end;
        return bare(first_);
      case Step::more: {
        const auto node = next_();
        if (!node) return fail(node.error());
        if (yaml::opens(node->event.kind)) ++left_;
        if (yaml::closes(node->event.kind) && --left_ == 0) step_ = Step::end;
        return bare(*node);
      }
      case Step::end:
        step_ = Step::over;
        return mark(EventKind::document_end);
      case Step::over:
        break;
    }
    return mark(EventKind::stream_end);
  }

 private:
  enum class Step : std::uint8_t { start, first, more, end, over };

  static yaml::Event mark(yaml::EventKind kind) {
    yaml::Event event;
    event.kind = kind;
    return event;
  }
  static yaml::Event bare(const yaml::Node& node) {
    auto event = node.event;
    event.anchor = {};
    if (node.alias) event.line = node.alias->line;
    return event;
  }

  const yaml::Node first_;
  const Next next_;
  std::size_t& left_;
  Step step_ = Step::start;
};

}  // namespace digester::krm
