#include "krm/change.hpp"

#include <algorithm>
#include <vector>

#include "krm/entries.hpp"
#include "krm/scalars.hpp"
#include "yaml/event_sum.hpp"

namespace digester::krm {
namespace {

using yaml::EventKind;

tl::unexpected<Error> differs(std::string_view what) {
  return fail(ErrorKind::internal, std::string(what) + " would be read differently");
}

class Check {
 public:
  Check(std::string_view changed, const Change& change, std::size_t inserted,
        std::span<const yaml::Replaced> replaced)
      : now_(yaml::read(changed)),
        begin_(change.begin),
        behind_(change.begin + inserted),
        shift_(static_cast<std::ptrdiff_t>(inserted) -
               static_cast<std::ptrdiff_t>(change.end - change.begin)),
        taken_back_(replaced) {}

  Result<void> run(const Change& change, std::string_view removed, std::uint64_t sum, Written findings) {
    for (std::size_t event = 0;; ++event) {
      if (event == change.event) {
        if (auto added = take_findings(change, findings); !added) return added;
        if (change.replaces) {
          yaml::Node null;
          null.event.kind = EventKind::scalar;
          null.event.value = removed;
          sum_.add(null);
          continue;
        }
      }
      auto node = now_.next();
      if (!node) return fail(node.error());
      if (!take_back(node->event)) return differs("an image");
      sum_.add(*node);
      if (node->event.kind == EventKind::stream_end) break;
    }
    if (!taken_back_.is_complete()) return differs("an image");
    if (sum_.value() != sum) return differs("something else");
    return {};
  }

 private:
  // What the results brought is nothing old.
  bool take_back(yaml::Event& event) {
    if (event.begin < begin_) return taken_back_.take_back(event, event.begin);
    return event.begin < behind_ ||
           taken_back_.take_back(event, event.begin - static_cast<std::size_t>(shift_));
  }

  bool take(EventKind kind) {
    const auto node = now_.next();
    return node && !node->alias && node->event.kind == kind && node->event.tag.empty();
  }
  bool take_scalar(std::string_view value, bool has_to_be_text) {
    const auto node = now_.next();
    return node && !node->alias && node->event.kind == EventKind::scalar && node->event.tag.empty() &&
           node->event.value == value && is_text(node->event) == has_to_be_text;
  }
  bool take_entries(const std::vector<Entry>& entries) {
    if (!take(EventKind::mapping_start)) return false;
    for (const auto& entry : entries) {
      if (!take_scalar(entry.key, true)) return false;
      if (!(entry.members.empty() ? take_scalar(entry.value, !entry.is_word) : take_entries(entry.members)))
        return false;
    }
    return take(EventKind::mapping_end);
  }

  Result<void> take_findings(const Change& change, Written findings) {
    // A list that is there already has its brackets among the old events.
    const bool has_brackets = change.is_new || change.replaces;
    bool is_right = (!change.is_new || take_scalar("results", true)) &&
                    (!has_brackets || take(EventKind::sequence_start));
    for (std::size_t i = 0; is_right && i < findings.size(); ++i)
      is_right = take_entries(entries_of(*findings[i]));
    if (!is_right || (has_brackets && !take(EventKind::sequence_end))) return differs("the results");
    return {};
  }

  yaml::Expander now_;
  yaml::EventSum sum_;
  const std::size_t begin_, behind_;
  const std::ptrdiff_t shift_;
  yaml::TakenBack taken_back_;
};

}  // namespace

Result<void> check_change(std::string_view changed, const Change& change, std::size_t inserted,
                          std::string_view removed, const Layout& old_layout, Written findings,
                          std::span<const yaml::Replaced> replaced) {
  return Check(changed, change, inserted, replaced).run(change, removed, old_layout.sum, findings);
}

}  // namespace digester::krm
