#include "setters/kptfile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/text.hpp"
#include "setters/pattern.hpp"

namespace digester::setters {
namespace {

// A document, or an item of a ResourceList.
struct Place {
  std::size_t file = 0;
  std::size_t document = 0;
  std::string prefix;  // of its fields' paths: "" or "items[3]."
  std::string path;    // of the file
};

std::string normal(std::string_view path) {
  while (path.starts_with("./"))
    path.remove_prefix(2);
  return std::string(path);
}

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

class Index {
 public:
  explicit Index(const Fields& fields) {
    for (const auto& field : fields.fields)
      by_path_.try_emplace(key(field.document, field.path), &field);
  }
  const Field* find(std::size_t document, std::string_view path) const {
    const auto found = by_path_.find(key(document, path));
    return found == by_path_.end() ? nullptr : found->second;
  }
  std::string_view value(const Place& place, std::string_view path) const {
    const auto* field = find(place.document, place.prefix + std::string(path));
    return field ? std::string_view(field->value) : std::string_view();
  }

 private:
  static std::string key(std::size_t document, std::string_view path) {
    return fmt::format("{} {}", document, path);
  }
  std::unordered_map<std::string, const Field*> by_path_;
};

// "items[3]." of "items[3].metadata.name"
std::string_view item_prefix(std::string_view path) {
  if (!path.starts_with("items[")) return {};
  const auto dot = path.find("].");
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot + 2);
}

std::vector<Place> places_of(std::size_t file, const PackageFile& of, const Fields& fields,
                             const Index& index) {
  std::vector<Place> out;
  for (std::size_t document = 0; document < fields.documents; ++document) {
    const auto* kind = index.find(document, "kind");
    if (!kind || kind->value != "ResourceList") {
      out.push_back({file, document, "", normal(of.path)});
      continue;
    }
    for (std::size_t i = 0;; ++i) {
      Place place{file, document, fmt::format("items[{}].", i), ""};
      if (!index.find(document, place.prefix + "apiVersion") && !index.find(document, place.prefix + "kind"))
        break;
      auto path = index.value(place, "metadata.annotations.internal.config.kubernetes.io/path");
      if (path.empty()) path = index.value(place, "metadata.annotations.config.kubernetes.io/path");
      place.path = normal(path);
      out.push_back(std::move(place));
    }
  }
  return out;
}

// The fields of a file by their paths: a package may have as many functions as fields.
class Order {
 public:
  explicit Order(const Fields& fields) {
    for (const auto& field : fields.fields)
      sorted_.push_back(&field);
    std::sort(sorted_.begin(), sorted_.end(),
              [](const Field* a, const Field* b) { return key(*a) < key(*b); });
  }
  // Those whose paths begin so, in the order of the text.
  std::vector<const Field*> below(std::size_t document, std::string_view around) const {
    const auto first =
        std::lower_bound(sorted_.begin(), sorted_.end(), Key(document, around, 0),
                         [](const Field* field, const Key& wanted) { return key(*field) < wanted; });
    auto last = first;
    while (last != sorted_.end() && (*last)->document == document && (*last)->path.starts_with(around))
      ++last;
    std::vector<const Field*> out(first, last);
    std::sort(out.begin(), out.end(), [](const Field* a, const Field* b) { return a->begin < b->begin; });
    return out;
  }

 private:
  using Key = std::tuple<std::size_t, std::string_view, std::size_t>;
  static Key key(const Field& field) { return {field.document, field.path, field.begin}; }
  std::vector<const Field*> sorted_;
};

struct Reading {
  std::span<const PackageFile> files;
  const std::vector<Fields>& read;
  std::vector<Index> indexes;
  std::vector<Order> orders;
  std::vector<Place> places;
  std::multimap<std::string_view, const Place*> by_path;

  // Scalars right below `path`.
  void take_values(const Place& place, std::string_view path, const std::string& folder,
                   std::vector<SetterValue>& out) const {
    const auto around = fmt::format("{}{}.", place.prefix, path);
    for (const auto* field : orders[place.file].below(place.document, around))
      out.push_back({field->path.substr(around.size()), folder, place.file, field});
  }

  void take_function(const Place& kptfile, const std::string& function, std::vector<SetterValue>& out) const {
    const auto& index = indexes[kptfile.file];
    const auto folder = folder_of(kptfile.path);
    if (index.value(kptfile, function + ".image").find("apply-setters") == std::string_view::npos &&
        index.value(kptfile, function + ".exec").find("apply-setters") == std::string_view::npos)
      return;
    take_values(kptfile, function + ".configMap", folder, out);
    const auto config = index.value(kptfile, function + ".configPath");
    if (config.empty()) return;
    const auto path = folder.empty() ? normal(config) : fmt::format("{}/{}", folder, normal(config));
    const auto [first, last] = by_path.equal_range(path);
    for (auto place = first; place != last; ++place)
      take_values(*place->second, "data", folder, out);
  }

  std::vector<SetterValue> values() const {
    std::vector<SetterValue> out;
    for (const auto& place : places) {
      const auto& index = indexes[place.file];
      if (index.value(place, "kind") != "Kptfile") continue;
      for (const std::string_view list : {"mutators", "validators"})
        for (std::size_t i = 0;; ++i) {
          const auto function = fmt::format("pipeline.{}[{}]", list, i);
          if (index.value(place, function + ".image").empty() &&
              index.value(place, function + ".exec").empty())
            break;
          take_function(place, function, out);
        }
    }
    return out;
  }

  std::vector<SetterField> fields() const {
    std::map<std::tuple<std::size_t, std::size_t, std::string_view>, const Place*> by_prefix;
    for (const auto& place : places)
      by_prefix[{place.file, place.document, place.prefix}] = &place;
    std::vector<SetterField> out;
    for (std::size_t file = 0; file < files.size(); ++file)
      for (const auto& field : read[file].fields) {
        if (!field.comment_text(files[file].text).starts_with(kMark)) continue;
        auto place = by_prefix.find({file, field.document, ""});
        if (place == by_prefix.end()) place = by_prefix.find({file, field.document, item_prefix(field.path)});
        if (place == by_prefix.end() || indexes[file].value(*place->second, "kind") == "Kptfile") continue;
        out.push_back({place->second->path, file, &field});
      }
    return out;
  }
};

}  // namespace

bool Package::is_below(std::string_view path, std::string_view folder) {
  if (folder.empty()) return !path.starts_with('/') && !path.starts_with("../");
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

Result<Package> Package::read(std::span<const PackageFile> files) {
  Package out;
  for (const auto& file : files) {
    auto fields = find_fields(file.text);
    if (!fields)
      return fail(fields.error().kind,
                  fmt::format("{}: {}", text::printable(file.path, 256), fields.error().message));
    out.read_.push_back(std::move(*fields));
  }
  Reading reading{files, out.read_, {}, {}, {}, {}};
  for (const auto& fields : out.read_) {
    reading.indexes.emplace_back(fields);
    reading.orders.emplace_back(fields);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto places = places_of(i, files[i], out.read_[i], reading.indexes[i]);
    reading.places.insert(reading.places.end(), places.begin(), places.end());
  }
  for (const auto& place : reading.places)
    reading.by_path.emplace(place.path, &place);
  out.values_ = reading.values();
  if (!out.values_.empty()) out.fields_ = reading.fields();
  return out;
}

std::vector<std::size_t> documents_of_kind(const Fields& fields, std::string_view kind) {
  std::vector<std::size_t> out;
  for (const auto& field : fields.fields)
    if (field.path == "kind" && field.value == kind && (out.empty() || out.back() != field.document))
      out.push_back(field.document);
  return out;
}

}  // namespace digester::setters
