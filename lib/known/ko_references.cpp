#include "known/ko_references.hpp"

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "base/text.hpp"
#include "manifest/edit.hpp"
#include "yaml/expander.hpp"

namespace digester::known {
namespace {

using yaml::EventKind;

// Mappings, and whether a key comes next.
class Walk {
 public:
  // Is this scalar a value, and no key?
  bool take(const yaml::Event& event) {
    if (yaml::closes(event.kind)) {
      stack_.pop_back();
      value_is_read();
    } else if (yaml::opens(event.kind)) {
      stack_.push_back({event.kind == EventKind::mapping_start, true});
    } else if (event.kind == EventKind::scalar) {
      const bool is_key = !stack_.empty() && stack_.back().is_mapping && stack_.back().expects_key;
      value_is_read();
      return !is_key;
    }
    return false;
  }

 private:
  struct Frame {
    bool is_mapping;
    bool expects_key;
  };
  void value_is_read() {
    if (!stack_.empty()) stack_.back().expects_key = !stack_.back().expects_key;
  }
  std::vector<Frame> stack_;
};

KoReference describe(const yaml::Event& scalar, std::string_view text) {
  KoReference reference{
      .value = std::string(text::trim(scalar.value)), .line = scalar.line, .scalar = scalar.begin};
  const auto written = text.substr(scalar.begin, scalar.end - scalar.begin);
  const auto at = written.rfind(reference.value);
  if (reference.value != scalar.value)
    reference.refusal =
        "there is white space around it, which no image has; write it on one line (|- in the "
        "place of |)";
  else if (at == std::string_view::npos || reference.value.find_first_of(" \t\r\n") != std::string::npos)
    reference.refusal = "it is not written plainly; write it on one line, without escapes";
  else
    reference.begin = scalar.begin + at;
  return reference;
}

}  // namespace

Result<std::vector<KoReference>> find_ko(std::string_view text) {
  std::vector<KoReference> found;
  // Only an escape could hide one.
  if (text.find(kKoScheme) == std::string_view::npos && text.find('\\') == std::string_view::npos)
    return found;
  yaml::Expander expander(yaml::read(text));
  Walk walk;
  std::unordered_set<std::size_t> seen;
  while (true) {
    const auto node = expander.next();
    if (!node) return fail(node.error());
    if (node->event.kind == EventKind::stream_end) return found;
    const bool is_value = walk.take(node->event);
    if (is_value && text::trim(node->event.value).starts_with(kKoScheme) &&
        seen.insert(node->event.begin).second)
      found.push_back(describe(node->event, text));
  }
}

Result<KoReplaced> replace_ko(std::string_view text, const std::vector<KoReference>& found,
                              const Lookup& lookup) {
  KoReplaced out;
  std::vector<manifest::Edit> edits;
  for (const auto& reference : found) {
    auto replacement = reference.refusal.empty() ? lookup(reference.value) : std::nullopt;
    if (!replacement) {
      out.unresolved.push_back(reference);
      continue;
    }
    edits.push_back({reference.begin, reference.begin + reference.value.size(), *replacement,
                     reference.scalar, *replacement});
    out.replaced.push_back(reference);
    out.references.push_back(std::move(*replacement));
  }
  auto changed = manifest::apply_edits(text, std::move(edits));
  if (!changed) return fail(std::move(changed.error()));
  out.text = std::move(*changed);
  return out;
}

std::string unresolved_message(const KoReference& reference) {
  const auto shown = text::printable(reference.value, 256);
  if (!reference.refusal.empty())
    return fmt::format("unresolved ko:// reference {}: {}", shown, reference.refusal);
  return fmt::format(
      "unresolved ko:// reference {}; say what it was built into (--image-map FILE), let ko build it "
      "(--ko), or run ko resolve before",
      shown);
}

}  // namespace digester::known
