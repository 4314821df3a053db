#include "krm/pull_contexts.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "yaml/tree.hpp"

namespace digester::krm {
namespace {

using yaml::Tree;

const Tree* at(const Tree* tree, std::initializer_list<std::string_view> path) {
  for (const auto key : path)
    if (tree) tree = tree->find(key);
  return tree;
}

std::string text_of(const Tree* tree) {
  return tree && tree->is_scalar() && !tree->is_null() ? tree->scalar : std::string();
}

// "items[3].items[0]" in a document.
const Tree* object_at(const Tree& document, std::string_view place) {
  constexpr std::string_view kItems = "items[";
  const Tree* tree = &document;
  while (tree && !place.empty()) {
    if (place.starts_with('.')) place.remove_prefix(1);
    std::size_t index = 0;
    const auto* begin = place.data() + std::min(kItems.size(), place.size());
    const auto [end, error] = std::from_chars(begin, place.data() + place.size(), index);
    const auto* items = tree->find("items");
    if (!place.starts_with(kItems) || error != std::errc() || !items || index >= items->items.size())
      return nullptr;
    tree = &items->items[index];
    place.remove_prefix(static_cast<std::size_t>(end - place.data()) + 1);
  }
  return tree;
}

constexpr std::size_t kMaxDepth = 64;

void add_spec(const Tree& spec, PullContext& out) {
  auto account = text_of(spec.find("serviceAccountName"));
  if (account.empty()) account = text_of(spec.find("serviceAccount"));
  if (out.service_account.empty()) out.service_account = std::move(account);  // the first one's
  const auto* secrets = spec.find("imagePullSecrets");
  if (!secrets) return;
  for (const auto& secret : secrets->items) {
    auto name = text_of(secret.find("name"));
    if (std::find(out.secrets.begin(), out.secrets.end(), name) == out.secrets.end())
      out.secrets.push_back(std::move(name));
  }
}

// Pods' specs, wherever they stand: what has containers, or volumes, of which one may be an image. Not of the
// objects in a list.
void add_specs(const Tree& tree, std::size_t depth, PullContext& out) {
  if (depth > kMaxDepth) return;
  if (tree.find("containers") || tree.find("initContainers") || tree.find("volumes")) add_spec(tree, out);
  for (const auto& item : tree.items)
    add_specs(item, depth + 1, out);
  for (const auto& member : tree.members)
    if (depth > 0 || (member.key != "status" && member.key != "items"))
      add_specs(member.value, depth + 1, out);
}

PullContext context_of(const Tree* object) {
  PullContext out;
  if (!object) return out;
  out.namespace_name = text_of(at(object, {"metadata", "namespace"}));
  out.service_account.clear();
  add_specs(*object, 0, out);
  if (out.service_account.empty()) out.service_account = PullContext().service_account;
  return out;
}

}  // namespace

Result<std::vector<PullContext>> pull_contexts(std::string_view text, const manifest::Images& images) {
  const auto documents = yaml::read_trees(text);
  if (!documents) return fail(documents.error());
  std::vector<PullContext> out;
  out.reserve(images.objects.size());
  for (const auto& object : images.objects)
    out.push_back(object.document < documents->size()
                      ? context_of(object_at((*documents)[object.document], object.place))
                      : PullContext{});
  return out;
}

}  // namespace digester::krm
