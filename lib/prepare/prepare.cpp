#include "prepare/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.hpp"
#include "prepare/scope.hpp"
#include "prepare/templates.hpp"

namespace digester::prepare {
namespace {

using yaml::Tree;

constexpr std::string_view kSuggestion = "Will be set to actual image before deployment";
constexpr std::string_view kNamespaceKind = "Namespace";

// The Pod template that an object has, whatever its kind; null where it has none.
Tree* pod_template(Object& object) {
  auto* cron = find_at(object.tree, {"spec", "jobTemplate", "spec", "template"});
  auto* found = cron != nullptr ? cron : find_at(object.tree, {"spec", "template"});
  if (found == nullptr || !found->is_mapping()) return nullptr;
  const auto* containers = find_at(*found, {"spec", "containers"});
  return containers != nullptr && containers->is_sequence() ? found : nullptr;
}

// Of each container that is no init container: its image.
void for_each_image(Object& object, const std::function<void(Tree&)>& visit) {
  auto* holder = pod_template(object);
  auto* containers = holder != nullptr ? find_at(*holder, {"spec", "containers"})
                                       : find_at(object.tree, {"spec", "containers"});
  if (containers == nullptr || !containers->is_sequence()) return;
  for (auto& container : containers->items)
    if (auto* image = container.find("image"); image != nullptr && image->is_scalar() && !image->is_null())
      visit(*image);
}

}  // namespace

Result<Preparation> Preparation::make(std::span<const Input> inputs, Options options) {
  auto objects = read_objects(inputs);
  if (!objects) return fail(std::move(objects.error()));
  if (inputs.empty())
    for (const auto& image : options.images)
      for (auto& object : make_deployment(image))
        objects->push_back(std::move(object));
  if (objects->empty())
    return fail(ErrorKind::invalid, "there is no object in what was given; name manifests with -f");
  Preparation made(std::move(*objects), std::move(options));
  if (auto suggested = made.suggest(); !suggested) return fail(std::move(suggested.error()));
  return made;
}

Result<void> Preparation::suggest() {
  for (const auto& image : options_.images) {
    bool found = false;
    for (auto& object : objects_)
      for_each_image(object, [&](Tree& written) {
        const auto reference = image::Reference::parse(written.scalar);
        if (!reference || reference->repository() != image.repository()) return;
        const auto line = written.line;
        written = Tree::text(std::string(image.name_as_written()));
        written.comment = kSuggestion;
        written.line = line;
        found = true;
      });
    if (!found)
      warnings_.push_back(fmt::format("no container has an image of {}; does -i name it as the manifests do?",
                                      text::printable(image.name_as_written(), 256)));
  }
  const auto is_there = [this](const Object& object) {
    return object.kind() == kNamespaceKind && object.group().empty() && object.name() == options_.name_space;
  };
  if (!options_.name_space.empty() && options_.name_space != "default" &&
      std::none_of(objects_.begin(), objects_.end(), is_there))
    objects_.insert(objects_.begin(), make_namespace(options_.name_space));
  if (options_.app.empty()) return {};
  for (auto& object : objects_)
    if (object.kind() != kNamespaceKind)
      if (auto labelled = label(object, kNameLabel, options_.app, false); !labelled) return labelled;
  return {};
}

Result<std::string> Preparation::suggested() const {
  return write_objects(objects_);
}

Result<std::string> Preparation::expanded(std::span<const image::Digest> digests) {
  for (std::size_t i = 0; i < options_.images.size(); ++i) {
    const auto name = options_.images[i].name_as_written();
    for (auto& object : objects_)
      for_each_image(object, [&](Tree& written) {
        if (written.comment != kSuggestion || written.scalar != name) return;
        written = Tree::text(fmt::format("{}@{}", name, digests[i].str()));
      });
  }
  set_namespaces();
  for (auto& object : objects_) {
    if (!options_.version.empty() && object.kind() != kNamespaceKind)
      if (auto done = label(object, kVersionLabel, options_.version, false); !done) return fail(done.error());
    if (auto done = label(object, kManagedByLabel, kManagedBy, true); !done) return fail(done.error());
    for (const auto& [key, value] : options_.labels)
      if (auto done = label(object, key, value, true); !done) return fail(done.error());
  }
  return write_objects(objects_);
}

void Preparation::set_namespaces() {
  const Scope scope(objects_);
  for (auto& object : objects_) {
    if (scope.is_cluster_wide(object)) continue;
    if (!options_.name_space.empty())
      object.tree.at("metadata").at("namespace") = Tree::text(options_.name_space);
    else if (object.name_space().empty())
      object.tree.at("metadata").at("namespace") = Tree::text("default");
  }
}

Result<void> Preparation::label(Object& object, std::string_view key, std::string_view value,
                                bool override_it) {
  if (auto done = label_at(object, object.tree, "", key, value, override_it); !done) return done;
  if (auto* holder = pod_template(object))
    return label_at(object, *holder, "template's ", key, value, override_it);
  return {};
}

Result<void> Preparation::label_at(Object& object, Tree& holder, std::string_view place, std::string_view key,
                                   std::string_view value, bool override_it) {
  auto& metadata = holder.at("metadata");
  if (metadata.is_null()) metadata = Tree::mapping();
  auto* labels = metadata.is_mapping() ? &metadata.at("labels") : nullptr;
  if (labels != nullptr && labels->is_null()) *labels = Tree::mapping();
  if (labels == nullptr || !labels->is_mapping())
    return fail(ErrorKind::invalid, fmt::format("{}: line {}: the {}labels of {} are no mapping",
                                                object.source, holder.line, place, object.shown()));
  const auto* there = labels->find(key);
  if (there != nullptr && !override_it) {
    if (there->scalar != value)
      warnings_.push_back(fmt::format("{}:{}: the {}label {} of {} is \"{}\" already and stays",
                                      object.source, there->line, place, key, object.shown(),
                                      text::printable(there->scalar, 64)));
    return {};
  }
  labels->at(key) = Tree::text(std::string(value));
  return {};
}

}  // namespace digester::prepare
