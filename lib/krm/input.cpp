#include "krm/input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "krm/part_reader.hpp"
#include "krm/scalars.hpp"
#include "krm/settings.hpp"
#include "yaml/event_sum.hpp"

namespace digester::krm {
namespace {

using yaml::EventKind;

constexpr std::string_view kGroup = "config.kubernetes.io/";
constexpr std::string_view kVersions[] = {"v1", "v1beta1", "v1alpha1"};
constexpr std::string_view kRootKeys[] = {"apiVersion", "kind", "items", "functionConfig", "results"};

std::size_t column_of(std::string_view text, std::size_t at) {
  const auto line = at == 0 ? std::string_view::npos : text.find_last_of("\r\n", at - 1);
  auto begin = line == std::string_view::npos ? 0 : line + 1;
  if (text.substr(begin).starts_with("\xEF\xBB\xBF")) begin += 3;
  return at - begin;
}

class InputReader {
 public:
  explicit InputReader(std::string_view text) : text_(text), expander_(yaml::read(text)) {}

  Result<Input> run() {
    out_.form = text::is_blank(text_) ? Form::nothing : Form::manifests;
    if (out_.form == Form::nothing) return out_;
    out_.layout.is_json = yaml::is_json(text_);
    while (true) {
      const auto node = next();
      if (!node) return fail(node.error());
      const auto kind = node->event.kind;
      if (kind == EventKind::stream_end) return finish();
      if (kind == EventKind::document_end && root_is_read_ && !root_is_ended_) {
        out_.layout.document_end = node->event.begin;
        root_is_ended_ = true;
      }
      if (!yaml::is_node(kind)) continue;
      if (kind == EventKind::scalar && is_null(node->event)) continue;
      if (root_is_read_ || kind != EventKind::mapping_start || node->alias) return manifests();
      if (auto read = root(node->event); !read) return fail(std::move(read.error()));
      root_is_read_ = true;
      if (kind_ != "ResourceList" || !api_version_.starts_with(kGroup)) return manifests();
    }
  }

 private:
  // What is written in the place of the event ends there.
  static std::size_t end_of(const yaml::Node& node) { return node.alias ? node.alias->end : node.event.end; }

  Result<yaml::Node> next() {
    auto node = expander_.next();
    if (!node) return node;
    sum_.add(*node);
    ++events_;
    // A block's end has no width: it stands where the next thing begins.
    if (yaml::closes(node->event.kind) ? node->alias || node->event.end > node->event.begin
                                       : node->event.kind == EventKind::scalar)
      content_ = std::max(content_, end_of(*node));
    return node;
  }

  std::size_t this_event() const { return events_ - 1; }

  Input manifests() {
    Input input;
    input.form = Form::manifests;
    return input;
  }

  Result<Input> finish() {
    if (!root_is_read_) return manifests();
    const auto version = std::string_view(api_version_).substr(kGroup.size());
    if (std::find(std::begin(kVersions), std::end(kVersions), version) == std::end(kVersions))
      return fail(ErrorKind::unsupported,
                  fmt::format("a ResourceList of version {}: v1, v1beta1 and v1alpha1 are known; a newer "
                              "digester may know it",
                              text::printable(version, 64)));
    if (!doubled_.empty())
      return fail(ErrorKind::invalid, fmt::format("the ResourceList has the key \"{}\" twice: readers "
                                                  "disagree which of them counts; remove one of them",
                                                  doubled_));
    if (!items_are_list_)
      return fail(ErrorKind::invalid, "the ResourceList's items are no list: they must be one");
    out_.form = Form::resource_list;
    out_.layout.sum = sum_.value();
    return std::move(out_);
  }

  Result<void> root(const yaml::Event& start) {
    auto& layout = out_.layout;
    layout.root_begin = start.begin;
    layout.is_flow = start.flow || layout.is_json;
    if (!start.anchor.empty() || !start.tag.empty())
      layout.root_begin = std::string_view::npos;  // the bracket is somewhere behind
    bool is_first = true;
    while (true) {
      const auto key = next();
      if (!key) return fail(key.error());
      if (key->event.kind == EventKind::mapping_end) {
        layout.root_end_event = this_event();
        return {};
      }
      if (is_first) {
        layout.first_key = key->alias ? key->alias->begin : key->event.begin;
        // `? key`
        if (!layout.is_flow) layout.first_key = std::min(layout.first_key, layout.root_begin);
        layout.first_key_event = this_event();
        is_first = false;
      }
      std::string name;
      if (key->event.kind == EventKind::scalar) name = key->event.value;
      if (auto skipped = skip(*key); !skipped) return skipped;
      if (auto taken = member(name); !taken) return taken;
      layout.last_content = content_;
    }
  }

  Result<void> member(const std::string& name) {
    const auto known = std::find(std::begin(kRootKeys), std::end(kRootKeys), name);
    const auto value = next();
    if (!value) return fail(value.error());
    if (known == std::end(kRootKeys)) return skip(*value);
    auto& seen = seen_[known - std::begin(kRootKeys)];
    if (seen) doubled_ = name;
    seen = true;
    if (name == "items") return items(*value);
    if (name == "results") return results(*value);
    if (name == "functionConfig") return function_config(*value);
    if (value->event.kind == EventKind::scalar) (name == "kind" ? kind_ : api_version_) = value->event.value;
    return skip(*value);
  }

  // What is wrong with it is told when it is asked for: the list itself may be fine.
  Result<void> function_config(const yaml::Node& value) {
    std::size_t left = 0;
    auto trees = yaml::read_trees(std::make_unique<PartReader>(
                                      value, [this] { return next(); }, left),
                                  kConfigLimits);
    if (trees)
      out_.function_config = std::move(trees->at(0));
    else
      out_.function_config = fail(std::move(trees.error()));
    return skip(left);
  }

  Result<void> items(const yaml::Node& value) {
    const auto& event = value.event;
    items_are_list_ =
        event.kind == EventKind::sequence_start || (event.kind == EventKind::scalar && is_null(event));
    if (event.kind != EventKind::sequence_start) return skip(value);
    if (!event.flow && !value.alias && !out_.layout.is_json && event.anchor.empty() && event.tag.empty()) {
      const auto root = column_of(text_, out_.layout.first_key);
      const auto own = column_of(text_, event.begin);
      if (own >= root && own - root <= 8) out_.layout.items_indent = own - root;
    }
    return elements(out_.items);
  }

  Result<void> results(const yaml::Node& value) {
    auto& layout = out_.layout;
    const auto& event = value.event;
    layout.results = Layout::Results::other;
    if (value.alias || !event.anchor.empty() || !event.tag.empty()) return skip(value);
    layout.results_begin = event.begin;
    layout.results_end = event.end;
    layout.results_event = this_event();
    if (event.kind == EventKind::scalar && is_null(event)) layout.results = Layout::Results::null;
    if (event.kind != EventKind::sequence_start) return skip(value);
    layout.results = Layout::Results::list;
    layout.results_are_flow = event.flow || layout.is_json;
    layout.results_indent = column_of(text_, event.begin);
    content_ = 0;
    if (auto read = elements(layout.results_count); !read) return read;
    layout.results_event = this_event();
    layout.results_content = last_element_;
    layout.results_end = content_;
    return {};
  }

  Result<void> elements(std::size_t& count) {
    while (true) {
      last_element_ = content_;
      const auto node = next();
      if (!node) return fail(node.error());
      if (node->event.kind == EventKind::sequence_end) return {};
      ++count;
      if (auto skipped = skip(*node); !skipped) return skipped;
    }
  }

  // To the end of what the node begins.
  Result<void> skip(const yaml::Node& first) { return skip(yaml::opens(first.event.kind) ? 1U : 0U); }

  Result<void> skip(std::size_t depth) {
    while (depth > 0) {
      const auto node = next();
      if (!node) return fail(node.error());
      if (yaml::opens(node->event.kind)) ++depth;
      if (yaml::closes(node->event.kind)) --depth;
    }
    return {};
  }

  std::string_view text_;
  yaml::Expander expander_;
  Input out_;
  yaml::EventSum sum_;
  std::size_t events_ = 0;
  std::size_t content_ = 0;       // where the last thing ends
  std::size_t last_element_ = 0;  // likewise, before the end of a list
  std::string kind_, api_version_, doubled_;
  bool seen_[std::size(kRootKeys)] = {};
  bool items_are_list_ = true;  // none are as good as an empty list
  bool root_is_read_ = false, root_is_ended_ = false;
};

}  // namespace

Result<Input> read_input(std::string_view text) {
  return InputReader(text).run();
}

bool is_item(std::string_view place) {
  return place.starts_with("items[");
}

}  // namespace digester::krm
