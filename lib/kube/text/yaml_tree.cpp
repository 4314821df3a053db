#include "kube/text/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"

namespace digester::kube {
namespace {

// Thrown through yaml-cpp, which is the only way to end its parse early.
struct Refused : std::exception {
  Refused(const YAML::Mark& mark, std::string_view text, ErrorKind error_kind = ErrorKind::invalid)
      : kind(error_kind), line(mark.line + 1), why(text) {}
  ErrorKind kind;
  int line;
  std::string why;
};

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const YamlLimits& limits) : limits_(limits) {}
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, YamlNode{.line = mark.line + 1});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool plain = tag == "?" || tag.empty();
    add(mark, anchor,
        {.kind = YamlNode::Kind::scalar, .quoted = !plain, .scalar = value, .line = mark.line + 1});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refused(mark, "an alias to what it is part of");
    auto copy = found->second;
    copy.line = mark.line + 1;
    count_all(mark, copy);
    place(mark, std::move(copy));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, YamlNode::Kind::sequence);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, YamlNode::Kind::mapping);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    bool has_key = false;
    std::string key = {};
    std::unordered_set<std::string> keys = {};
  };

  void count(const YAML::Mark& mark, const YamlNode& node) {
    bytes_ += node.scalar.size();
    if (++nodes_ > limits_.nodes || bytes_ > limits_.bytes)
      throw Refused(mark, "the document is too large", ErrorKind::too_large);
  }

  // Recursion as deep as the limit on depth.
  void count_all(const YAML::Mark& mark, const YamlNode& node, std::size_t depth = 1) {
    if (stack_.size() + depth > limits_.depth) throw too_deep(mark);
    count(mark, node);
    for (const auto& item : node.items)
      count_all(mark, item, depth + 1);
    for (const auto& [key, value] : node.members) {
      bytes_ += key.size();
      count_all(mark, value, depth + 1);
    }
  }

  Refused too_deep(const YAML::Mark& mark) const {
    return {mark, fmt::format("nested deeper than {} levels", limits_.depth), ErrorKind::too_large};
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (stack_.size() >= limits_.depth) throw too_deep(mark);
    if (in_key_position()) throw Refused(mark, "a key that is no scalar");
    stack_.push_back(Open{{.kind = kind, .line = mark.line + 1}, anchor, mark});
  }

  void close() {
    auto done = std::move(stack_.back());
    stack_.pop_back();
    add(done.mark, done.anchor, std::move(done.node));
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode node) {
    count(mark, node);
    if (anchor != 0) {
      // The copy that is kept counts as well.
      count_all(mark, node, 0);
      anchors_.insert_or_assign(anchor, node);
    }
    place(mark, std::move(node));
  }

  bool in_key_position() const {
    return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::mapping && !stack_.back().has_key;
  }

  void place(const YAML::Mark& mark, YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (auto& parent = stack_.back(); parent.node.kind == YamlNode::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.has_key) {
      parent.node.members.emplace_back(std::move(parent.key), std::move(node));
      parent.has_key = false;
    } else {
      place_key(mark, parent, std::move(node));
    }
  }

  void place_key(const YAML::Mark& mark, Open& parent, YamlNode node) {
    if (!node.items.empty() || !node.members.empty()) throw Refused(mark, "a key that is no scalar");
    if (node.scalar == "<<" && !node.quoted) throw Refused(mark, "merge keys (<<) are not supported");
    parent.key = std::move(node.scalar);
    parent.has_key = true;
    if (!parent.keys.insert(parent.key).second)
      throw Refused(mark, fmt::format("the key \"{}\" is there twice", text::printable(parent.key, 64)));
  }

  YamlLimits limits_;
  std::size_t bytes_ = 0;
  std::size_t nodes_ = 0;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, node] : members)
    if (name == key) return node.kind == Kind::null ? nullptr : &node;
  return nullptr;
}

Result<YamlNode> parse_yaml(const std::string& text, const YamlLimits& limits) {
  if (text.size() > limits.bytes)
    return fail(ErrorKind::too_large, fmt::format("line 1: longer than {} bytes", limits.bytes));
  if (text.find('\0') != std::string::npos || !text::is_valid_utf8(text))
    return fail(ErrorKind::invalid, "line 1: not UTF-8 text");
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Builder builder(limits);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    auto root = builder.take();
    Builder second(limits);
    if (parser.HandleNextDocument(second) && second.take().kind != YamlNode::Kind::null)
      return fail(ErrorKind::invalid, "line 1: one document is expected, and there are more");
    return root;
  } catch (const Refused& refused) {
    return fail(refused.kind, fmt::format("line {}: {}", refused.line, refused.why));
  } catch (const YAML::Exception& error) {
    // yaml-cpp's own words quote no more than anchors and tags.
    return fail(ErrorKind::invalid,
                fmt::format("line {}: {}", error.mark.line + 1, text::printable(error.msg, 120)));
  }
}

}  // namespace digester::kube
