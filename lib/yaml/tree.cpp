#include "yaml/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "yaml/expander.hpp"

namespace digester::yaml {
namespace {

constexpr std::string_view kCore = "tag:yaml.org,2002:";

Error at_line(std::size_t line, std::string_view why, ErrorKind kind = ErrorKind::invalid) {
  return {kind, fmt::format("line {}: {}", line, why)};
}

// One document after another, from events.
class Builder {
 public:
  explicit Builder(const TreeLimits& limits) : limits_(limits) {}

  Result<void> take(const Node& node) {
    line_ = node.alias ? node.alias->line : node.event.line;
    const auto& event = node.event;
    if (closes(event.kind)) return close();
    if (!is_node(event.kind)) return {};
    if (++nodes_ > limits_.nodes)
      return fail(at_line(line_, "the document is too large", ErrorKind::too_large));
    if (opens(event.kind)) return open(event);
    auto scalar = read(event);
    if (!scalar) return fail(std::move(scalar.error()));
    if (!stack_.empty() && stack_.back().expects_key()) return take_key(std::move(*scalar));
    return place(std::move(*scalar));
  }

  std::vector<Tree> documents;

 private:
  struct Frame {
    Tree tree;
    std::optional<Member> member = std::nullopt;            // whose value comes next
    std::vector<std::pair<Tree, std::size_t>> merges = {};  // and how many members stood before each
    bool expects_key() const { return tree.is_mapping() && !member; }
  };

  Result<Tree> read(const Event& event) const {
    Tree tree;
    tree.scalar = event.value;
    tree.line = line_;
    tree.is_text = event.style != ScalarStyle::plain;
    if (event.tag.empty()) return tree;
    const auto name = event.tag.starts_with(kCore) ? event.tag.substr(kCore.size()) : event.tag;
    if (name == "str" || name == "!")
      tree.is_text = true;
    else if (name == "int" || name == "float" || name == "bool" || name == "null")
      tree.is_text = false;
    else
      return fail(
          at_line(line_, fmt::format("the tag {} is not known here", text::printable(event.tag, 64))));
    return tree;
  }

  Result<void> open(const Event& event) {
    if (!stack_.empty() && stack_.back().expects_key()) return fail(at_line(line_, "a key that is no text"));
    if (stack_.size() >= limits_.depth)
      return fail(
          at_line(line_, fmt::format("nested deeper than {} levels", limits_.depth), ErrorKind::too_large));
    stack_.push_back({event.kind == EventKind::mapping_start ? Tree::mapping() : Tree::sequence()});
    stack_.back().tree.line = line_;
    return {};
  }

  Result<void> close() {
    auto frame = std::move(stack_.back());
    stack_.pop_back();
    for (auto& [source, before] : frame.merges)
      if (auto merged = merge(frame.tree, source, before); !merged) return merged;
    if (auto twice = find_twice(frame.tree); !twice) return twice;
    return place(std::move(frame.tree));
  }

  Result<void> take_key(Tree key) {
    if (key.is_null())
      return fail(at_line(key.line, "a key that is null; write it in quotes if it is meant"));
    stack_.back().member = Member{std::move(key.scalar), key.is_text, key.line, {}};
    return {};
  }

  Result<void> place(Tree tree) {
    if (stack_.empty()) {
      documents.push_back(std::move(tree));
      return {};
    }
    auto& frame = stack_.back();
    if (frame.tree.is_sequence()) {
      frame.tree.items.push_back(std::move(tree));
      return {};
    }
    auto member = *std::exchange(frame.member, std::nullopt);
    if (member.key == "<<" && !member.is_text) {
      const bool is_list = tree.is_sequence();
      std::vector<Tree> sources;
      if (is_list)
        sources = std::move(tree.items);
      else
        sources.push_back(std::move(tree));
      for (auto& source : sources) {
        if (!source.is_mapping())
          return fail(at_line(member.line, "<< merges what is no mapping; write the members out"));
        frame.merges.emplace_back(std::move(source), frame.tree.members.size());
      }
      return {};
    }
    member.value = std::move(tree);
    frame.tree.members.push_back(std::move(member));
    return {};
  }

  // Own members win, and of several merged mappings the first. Where the own one stands before the merge,
  // some readers let the merge win.
  static Result<void> merge(Tree& into, Tree& source, std::size_t before) {
    for (auto& member : source.members) {
      const auto own = std::find_if(into.members.begin(), into.members.end(),
                                    [&](const Member& m) { return m.key == member.key; });
      if (own == into.members.end()) {
        into.members.push_back(std::move(member));
        continue;
      }
      if (static_cast<std::size_t>(own - into.members.begin()) < before && !equal(own->value, member.value))
        return fail(
            at_line(own->line, fmt::format("the key \"{}\" is brought by the << below it too, and readers "
                                           "disagree which of them counts; remove one of them",
                                           text::printable(member.key, 64))));
    }
    return {};
  }

  static Result<void> find_twice(const Tree& tree) {
    std::vector<const Member*> sorted;
    sorted.reserve(tree.members.size());
    for (const auto& member : tree.members)
      sorted.push_back(&member);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Member* a, const Member* b) { return a->key < b->key; });
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end(),
                                          [](const Member* a, const Member* b) { return a->key == b->key; });
    if (twice == sorted.end()) return {};
    return fail(at_line((*(twice + 1))->line,
                        fmt::format("the key \"{}\" is there twice, on line {} too; remove one of them",
                                    text::printable((*twice)->key, 64), (*twice)->line)));
  }

  const TreeLimits limits_;
  std::size_t nodes_ = 0;
  std::size_t line_ = 0;
  std::vector<Frame> stack_;
};

}  // namespace

namespace {

// For members that may be changed, and for those that may not.
template <typename Members>
auto* value_of(Members& members, std::string_view key) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

}  // namespace

const Tree* Tree::find(std::string_view key) const {
  return value_of(members, key);
}

Tree* Tree::find(std::string_view key) {
  return value_of(members, key);
}

Tree& Tree::at(std::string_view key) {
  if (auto* found = find(key)) return *found;
  return members.emplace_back(Member{std::string(key), false, 0, Tree{}}).value;
}

void Tree::erase(std::string_view key) {
  std::erase_if(members, [&](const Member& member) { return member.key == key; });
}

bool Tree::is_null() const {
  return is_scalar() && !is_text && (scalar.empty() || scalar == "~" || text::iequals(scalar, "null"));
}

Tree Tree::text(std::string value) {
  Tree tree;
  tree.is_text = true;
  tree.scalar = std::move(value);
  return tree;
}

Tree Tree::mapping() {
  Tree tree;
  tree.kind = Kind::mapping;
  return tree;
}

Tree Tree::sequence() {
  Tree tree;
  tree.kind = Kind::sequence;
  return tree;
}

bool equal(const Tree& a, const Tree& b) {
  return a.kind == b.kind && a.is_text == b.is_text && a.scalar == b.scalar &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), equal) &&
         std::equal(
             a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
             [](const Member& x, const Member& y) { return x.key == y.key && equal(x.value, y.value); });
}

void sort_keys(Tree& tree) {
  std::sort(tree.members.begin(), tree.members.end(),
            [](const Member& a, const Member& b) { return a.key < b.key; });
  for (auto& member : tree.members)
    sort_keys(member.value);
  for (auto& item : tree.items)
    sort_keys(item);
}

Result<std::vector<Tree>> read_trees(std::unique_ptr<EventReader> reader, const TreeLimits& limits) {
  Expander expander(std::move(reader),
                    {.events = limits.nodes, .bytes = limits.bytes, .depth = limits.depth});
  Builder builder(limits);
  while (true) {
    const auto node = expander.next();
    if (!node) return fail(node.error());
    if (node->event.kind == EventKind::stream_end) return std::move(builder.documents);
    if (auto taken = builder.take(*node); !taken) return fail(std::move(taken.error()));
  }
}

Result<std::vector<Tree>> read_trees(std::string_view text, const TreeLimits& limits) {
  if (text.size() > limits.bytes)
    return fail(at_line(1, fmt::format("longer than {} bytes", limits.bytes), ErrorKind::too_large));
  return read_trees(read(text, {.depth = limits.depth, .bytes = limits.bytes}), limits);
}

}  // namespace digester::yaml
