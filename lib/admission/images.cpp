#include "admission/images.hpp"

#include <array>
#include <charconv>
#include <iterator>

namespace digester::admission {
namespace {

constexpr std::array<std::string_view, 4> kListKeys{"containers", "initContainers", "ephemeralContainers",
                                                    "volumes"};
constexpr std::array<std::string_view, kSpecPaths> kSpecPointers{
    "/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/template/spec"};
static_assert([] {
  for (const auto key : kListKeys)
    if (key.find_first_of("~/") != std::string_view::npos) return false;
  for (const auto path : kSpecPointers)
    if (path.find('~') != std::string_view::npos) return false;
  return true;
}());

class Finder {
 public:
  ImageFields take() && { return std::move(found_); }

  void object(json::Value object) {
    found_.fields.reserve(8);
    const auto [spec, pod_template] = pick<2>(object, {"spec", "template"});
    if (spec.is_object()) {
      const auto parts =
          pick<6>(spec, {kListKeys[0], kListKeys[1], kListKeys[2], kListKeys[3], "template", "jobTemplate"});
      lists(SpecPath::spec, parts);
      pod(SpecPath::template_spec, parts[4]);
      const auto [job] = pick<1>(parts[5], {"spec"});
      const auto [job_template] = pick<1>(job, {"template"});
      pod(SpecPath::job_template_spec, job_template);
    }
    pod(SpecPath::pod_template_spec, pod_template);
  }

 private:
  // The members with these keys in one walk over the object; absent for what is no object.
  template <std::size_t N>
  std::array<json::Value, N> pick(json::Value object, const std::array<std::string_view, N>& keys) {
    std::array<json::Value, N> values;
    for (const auto [key, value] : object.members()) {
      for (std::size_t i = 0; i < N; ++i) {
        if (key != keys[i]) continue;
        if (values[i].present()) found_.doubled_key = keys[i];
        values[i] = value;
      }
    }
    return values;
  }

  void pod(SpecPath path, json::Value pod_template) {
    const auto [spec] = pick<1>(pod_template, {"spec"});
    lists(path, pick<4>(spec, kListKeys));
  }

  template <std::size_t N>
  void lists(SpecPath path, const std::array<json::Value, N>& values) {
    for (std::size_t i = 0; i < kListKeys.size(); ++i)
      list(path, static_cast<List>(i), values[i]);
  }

  void list(SpecPath path, List list, json::Value values) {
    std::uint32_t index = 0;
    for (const auto element : values.elements()) {
      auto [name, image] = pick<2>(element, {"name", "image"});
      if (list == List::volumes) image = pick<1>(image, {"reference"})[0];
      if (const auto text = image.string()) {
        if (found_.fields.size() == kMaxImageFields) {
          found_.too_many = true;
          return;
        }
        found_.fields.push_back({path, list, index, name.string_or(""), *text});
      }
      ++index;
    }
  }

  ImageFields found_;
};

}  // namespace

std::string_view to_string(List list) {
  return kListKeys[static_cast<std::size_t>(list)];
}

void append_pointer(std::string& out, const ImageField& field) {
  char digits[12];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), field.index).ptr;
  out += kSpecPointers[static_cast<std::size_t>(field.spec)];
  out += '/';
  out += to_string(field.list);
  out += '/';
  out.append(digits, end);
  out += field.list == List::volumes ? "/image/reference" : "/image";
}

std::string pointer(const ImageField& field) {
  std::string out;
  append_pointer(out, field);
  return out;
}

ImageFields find_images(json::Value object) {
  Finder finder;
  finder.object(object);
  return std::move(finder).take();
}

json::Value pod_template(json::Value object, SpecPath path) {
  switch (path) {
    case SpecPath::spec:
      return {};
    case SpecPath::template_spec:
      return object.at({"spec", "template"});
    case SpecPath::job_template_spec:
      return object.at({"spec", "jobTemplate", "spec", "template"});
    case SpecPath::pod_template_spec:
      return object.find("template");
  }
  return {};
}

}  // namespace digester::admission
