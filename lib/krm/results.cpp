#include "krm/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "krm/change.hpp"
#include "krm/render.hpp"

namespace digester::krm {
namespace {

Error damage(std::string_view why) {
  return {ErrorKind::internal, fmt::format("results cannot be added to this ResourceList ({})", why)};
}

bool is_break(char c) {
  return c == '\n' || c == '\r';
}

std::string_view line_end_of(std::string_view text) {
  const auto at = text.find_first_of("\r\n");
  if (at == std::string_view::npos || text[at] == '\n') return "\n";
  return text.substr(at, 2) == "\r\n" ? "\r\n" : "\r";
}

std::string in_brackets(Written findings, Notation notation, std::string_view between) {
  std::string out;
  for (const auto* finding : findings) {
    if (!out.empty()) out += between;
    out += render(*finding, notation);
  }
  return out;
}

// Where what is inserted at the end of a line begins, and a line break first if the text ends without one.
std::size_t next_line(std::string_view text, std::size_t at) {
  if (at == 0 || is_break(text[at - 1])) return at;
  const auto end = std::min(text.find_first_of("\r\n", at), text.size());
  return std::min(end + (text.substr(end, 2) == "\r\n" ? 2 : 1), text.size());
}

// Where everything is once the scalars are replaced.
Layout moved(Layout layout, std::span<const yaml::Replaced> replaced) {
  const auto move = [replaced](std::size_t& at) {
    if (at == std::string_view::npos) return;
    std::size_t to = at;
    for (const auto& one : replaced) {
      if (one.begin >= at) break;
      to = to + one.after.size() - one.before.size();
    }
    at = to;
  };
  for (auto* at : {&layout.root_begin, &layout.first_key, &layout.last_content, &layout.document_end,
                   &layout.results_begin, &layout.results_end, &layout.results_content})
    move(*at);
  return layout;
}

class Appender {
 public:
  Appender(std::string& text, const Layout& old_layout, Written findings,
           std::span<const yaml::Replaced> replaced)
      : text_(text),
        old_layout_(old_layout),
        layout_(moved(old_layout, replaced)),
        findings_(findings),
        replaced_(replaced),
        line_end_(line_end_of(text)) {}

  Result<void> run() {
    std::string why = "its results are no list, or one by an alias, an anchor or a tag";
    for (const auto way : ways()) {
      auto change = (this->*way)();
      const auto inserted = change.text.size();
      const auto removed = text_.substr(change.begin, change.end - change.begin);
      text_.replace(change.begin, removed.size(), change.text);
      // All of it may be several megabytes.
      std::string().swap(change.text);
      const auto checked = check_change(text_, change, inserted, removed, old_layout_, findings_, replaced_);
      if (checked) return {};
      text_.replace(change.begin, inserted, removed);
      why = checked.error().message;
    }
    return fail(damage(why));
  }

 private:
  Notation notation() const { return layout_.is_json ? Notation::json : Notation::flow; }

  using Way = Change (Appender::*)() const;

  // The first that proves to be harmless is taken.
  std::vector<Way> ways() const {
    switch (layout_.results) {
      case Layout::Results::other:
        return {};
      case Layout::Results::null:
        return {&Appender::instead_of_null};
      case Layout::Results::list:
        return {layout_.results_are_flow ? &Appender::into_brackets : &Appender::into_block};
      case Layout::Results::absent:
        break;
    }
    if (layout_.is_flow) return {&Appender::behind_brackets};
    return {&Appender::at_the_end, &Appender::at_the_beginning};
  }

  Change instead_of_null() const {
    const auto begin = layout_.results_begin;
    const bool touches = begin == 0 || text_[begin - 1] == ':';
    return {begin,
            layout_.results_end,
            fmt::format("{}[{}]", touches ? " " : "", in_brackets(findings_, notation(), ", ")),
            layout_.results_event,
            true,
            false};
  }

  Change into_brackets() const {
    const bool is_empty = layout_.results_count == 0;
    const auto at = is_empty ? layout_.results_end - 1 : layout_.results_content;
    return {at,
            at,
            (is_empty          ? ""
             : layout_.is_json ? ","
                               : ", ") +
                in_brackets(findings_, notation(), ", "),
            layout_.results_event,
            false,
            false};
  }

  Change into_block() const {
    const auto at = next_line(text_, layout_.results_content);
    return {at,    at,   block_at(at, std::string(layout_.results_indent, ' ')), layout_.results_event,
            false, false};
  }

  // Behind the last value of a root in brackets, as its first key is behind the bracket.
  Change behind_brackets() const {
    std::string_view gap;
    if (layout_.root_begin < layout_.first_key)
      gap = view().substr(layout_.root_begin + 1, layout_.first_key - layout_.root_begin - 1);
    if (!text::is_blank(gap)) gap = {};
    const bool is_spread = gap.find_first_of("\r\n") != std::string_view::npos;
    const auto indent = std::string(is_spread ? gap.substr(gap.find_last_of("\r\n") + 1) : "");
    const auto line = is_spread ? std::string(line_end_) + indent : std::string();
    const auto deeper = is_spread ? line + indent : std::string();
    const std::string_view blank = layout_.is_json && !is_spread ? "" : " ";
    const auto between = is_spread ? "," + deeper : std::string(layout_.is_json ? "," : ", ");
    const auto key = layout_.is_json ? "\"results\"" : "results";
    return {layout_.last_content,
            layout_.last_content,
            fmt::format(",{}{}:{}[{}{}{}]", is_spread ? line : std::string(blank), key, blank, deeper,
                        in_brackets(findings_, notation(), between), line),
            layout_.root_end_event,
            false,
            true};
  }

  // The key and its list, as items are written.
  std::string new_block(std::size_t at) const {
    const auto line = view().substr(0, layout_.first_key).find_last_of("\r\n");
    auto begin = line == std::string_view::npos ? 0 : line + 1;
    if (view().substr(begin).starts_with("\xEF\xBB\xBF")) begin += 3;
    const std::string indent(layout_.first_key - begin, ' ');
    const bool needs_break = at > 0 && !is_break(text_[at - 1]) && at != begin;
    return fmt::format("{}{}results:{}{}", needs_break ? line_end_ : "", indent, line_end_,
                       block(indent + std::string(layout_.items_indent.value_or(0), ' ')));
  }

  Change at_the_end() const {
    const auto at = layout_.document_end;
    return {at, at, new_block(at), layout_.root_end_event, false, true};
  }

  // Where the last value would take a line behind it for its own: a block scalar that ends without a line
  // break.
  Change at_the_beginning() const {
    const auto line = view().substr(0, layout_.first_key).find_last_of("\r\n");
    auto at = line == std::string_view::npos ? 0 : line + 1;
    if (view().substr(at).starts_with("\xEF\xBB\xBF")) at += 3;
    return {at, at, new_block(at), layout_.first_key_event, false, true};
  }

  std::string block(const std::string& indent) const {
    std::string out;
    for (const auto* finding : findings_)
      out += render_block(*finding, indent, line_end_);
    return out;
  }

  std::string block_at(std::size_t at, const std::string& indent) const {
    const bool needs_break = at > 0 && !is_break(text_[at - 1]);
    return (needs_break ? std::string(line_end_) : "") + block(indent);
  }

  std::string_view view() const { return text_; }

  std::string& text_;
  const Layout& old_layout_;
  const Layout layout_;
  Written findings_;
  std::span<const yaml::Replaced> replaced_;
  std::string_view line_end_;
};

}  // namespace

Result<void> append_results(std::string& text, const Layout& old_layout, std::span<const Finding> findings,
                            std::optional<Severity> least) {
  std::vector<const Finding*> written;
  std::vector<yaml::Replaced> replaced;
  for (const auto& finding : findings) {
    if (least && finding.severity <= *least) written.push_back(&finding);
    if (finding.replaced_at)
      replaced.push_back({*finding.replaced_at, finding.current_value, finding.proposed_value});
  }
  std::ranges::sort(replaced, {}, &yaml::Replaced::begin);
  // Aliases: several fields have one scalar.
  replaced.erase(
      std::unique(replaced.begin(), replaced.end(),
                  [](const yaml::Replaced& a, const yaml::Replaced& b) { return a.begin == b.begin; }),
      replaced.end());

  if (!written.empty()) return Appender(text, old_layout, written, replaced).run();
  if (replaced.empty()) return {};
  const Change none{.begin = text.size(), .end = text.size(), .text = {}, .event = Change::kNone};
  if (auto checked = check_change(text, none, 0, {}, old_layout, {}, replaced); !checked)
    return fail(damage(checked.error().message));
  return {};
}

}  // namespace digester::krm
