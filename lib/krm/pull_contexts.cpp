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

PullContext context_of(const Tree* object) {
  PullContext out;
  if (!object) return out;
  out.namespace_name = text_of(at(object, {"metadata", "namespace"}));
  bool has_account = false;
  for (const auto* spec :
       {at(object, {"spec"}), at(object, {"spec", "template", "spec"}),
        at(object, {"spec", "jobTemplate", "spec", "template", "spec"}), at(object, {"template", "spec"})}) {
    if (!spec || !(spec->find("containers") || spec->find("initContainers") || spec->find("volumes")))
      continue;
    auto account = text_of(spec->find("serviceAccountName"));
    if (account.empty()) account = text_of(spec->find("serviceAccount"));
    if (!has_account && !account.empty()) {
      out.service_account = std::move(account);
      has_account = true;
    }
    const auto* secrets = spec->find("imagePullSecrets");
    if (!secrets) continue;
    for (const auto& secret : secrets->items) {
      auto name = text_of(secret.find("name"));
      if (std::find(out.secrets.begin(), out.secrets.end(), name) == out.secrets.end())
        out.secrets.push_back(std::move(name));
    }
  }
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
