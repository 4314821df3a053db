#include "prepare/objects.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "yaml/writer.hpp"

namespace digester::prepare {
namespace {

using yaml::Tree;

constexpr std::size_t kMaxListDepth = 16;

Error at(const Input& input, std::size_t line, std::string_view why) {
  return {ErrorKind::invalid, fmt::format("{}: line {}: {}", input.name, line, why)};
}

std::string_view text_of(const Tree& tree, std::string_view key) {
  const auto* value = tree.find(key);
  return value != nullptr && value->is_scalar() && !value->is_null() ? std::string_view(value->scalar)
                                                                     : std::string_view();
}

class Reader {
 public:
  explicit Reader(const Input& input) : input_(input) {}

  Result<void> add(Tree tree, std::size_t depth, std::vector<Object>& into) {
    if (tree.is_null()) return {};
    const auto kind = text_of(tree, "kind");
    if (!tree.is_mapping() || kind.empty() || text_of(tree, "apiVersion").empty())
      return fail(
          at(input_, tree.line,
             "no Kubernetes object: it has no apiVersion and kind; name the files that are to be applied"));
    auto* items = tree.find("items");
    if (kind.ends_with("List") && items != nullptr && items->is_sequence()) {
      if (depth >= kMaxListDepth) return fail(at(input_, tree.line, "lists within lists within lists"));
      for (auto& item : items->items) {
        // What a typed list leaves out.
        if (item.is_mapping() && kind != "List") {
          if (text_of(item, "kind").empty())
            item.at("kind") = Tree::text(std::string(kind.substr(0, kind.size() - 4)));
          if (text_of(item, "apiVersion").empty())
            item.at("apiVersion") = Tree::text(std::string(text_of(tree, "apiVersion")));
        }
        if (auto added = add(std::move(item), depth + 1, into); !added) return added;
      }
      return {};
    }
    auto& metadata = tree.at("metadata");
    if (metadata.is_null()) metadata = Tree::mapping();
    if (!metadata.is_mapping()) return fail(at(input_, metadata.line, "metadata is no mapping"));
    into.push_back({std::move(tree), input_.name});
    return {};
  }

 private:
  const Input& input_;
};

}  // namespace

std::string_view Object::kind() const {
  return text_of(tree, "kind");
}
std::string_view Object::api_version() const {
  return text_of(tree, "apiVersion");
}
std::string_view Object::name() const {
  return text_at(tree, {"metadata", "name"});
}
std::string_view Object::name_space() const {
  return text_at(tree, {"metadata", "namespace"});
}
std::string Object::group() const {
  const auto slash = api_version().find('/');
  return slash == std::string_view::npos ? std::string() : std::string(api_version().substr(0, slash));
}
std::string Object::shown() const {
  return fmt::format("{} {}", text::printable(kind(), 64), text::printable(name(), 256));
}

Result<std::vector<Object>> read_objects(std::span<const Input> inputs) {
  std::vector<Object> objects;
  for (const auto& input : inputs) {
    auto documents = yaml::read_trees(input.text);
    if (!documents)
      return fail(documents.error().kind, fmt::format("{}: {}", input.name, documents.error().message));
    Reader reader(input);
    for (auto& document : *documents)
      if (auto added = reader.add(std::move(document), 0, objects); !added)
        return fail(std::move(added.error()));
  }
  return objects;
}

Result<std::string> write_objects(std::span<const Object> objects) {
  std::string out;
  for (const auto& object : objects) {
    auto tree = object.tree;
    yaml::sort_keys(tree);
    auto text = yaml::write(tree);
    if (!text) return fail(text.error().kind, fmt::format("{}: {}", object.source, text.error().message));
    if (!out.empty()) out += "---\n";
    out += *text;
  }
  return out;
}

namespace {

// For trees that may be changed, and for those that may not.
template <typename AnyTree>
AnyTree* follow(AnyTree& tree, std::initializer_list<std::string_view> path) {
  auto* at = &tree;
  for (const auto key : path) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

const Tree* find_at(const Tree& tree, std::initializer_list<std::string_view> path) {
  return follow(tree, path);
}

Tree* find_at(Tree& tree, std::initializer_list<std::string_view> path) {
  return follow(tree, path);
}

std::string_view text_at(const Tree& tree, std::initializer_list<std::string_view> path) {
  const auto* found = find_at(tree, path);
  return found != nullptr && found->is_scalar() && !found->is_null() ? std::string_view(found->scalar)
                                                                     : std::string_view();
}

}  // namespace digester::prepare
