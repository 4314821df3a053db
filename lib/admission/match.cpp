#include "admission/match.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include "image/digest.hpp"

namespace digester::admission {
namespace {

bool is_digest_after(std::string_view image, std::size_t name_length) {
  return image.size() > name_length + 1 && image[name_length] == '@' &&
         image::Digest::parse(image.substr(name_length + 1)).has_value();
}

// A colon before the last slash belongs to a port.
std::string_view without_tag(std::string_view image) {
  const auto slash = image.rfind('/');
  const auto colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
  return image.substr(0, colon);
}

auto place(const ImageField& field) {
  return std::tuple(field.spec, field.list, field.index);
}
auto naming(const ImageField& field) {
  return std::tuple(field.spec, field.list, field.name);
}

using Sorted = std::span<const ImageField* const>;

// Those of `same_name` (sorted by image) whose image is `name` + "@" + something.
Sorted with_digest(Sorted same_name, std::string_view name) {
  const std::string first = std::string(name) + '@';
  const std::string end = std::string(name) + static_cast<char>('@' + 1);
  const auto less = [](const ImageField* field, const std::string& image) { return field->image < image; };
  const auto from = std::lower_bound(same_name.begin(), same_name.end(), first, less);
  return {from, std::lower_bound(from, same_name.end(), end, less)};
}

}  // namespace

bool takes_digest_off(std::string_view old_image, std::string_view new_image, bool digest_only) {
  if (old_image.starts_with(new_image) && is_digest_after(old_image, new_image.size())) return true;
  if (!digest_only || new_image.find('@') != std::string_view::npos) return false;
  const auto name = without_tag(new_image);
  return old_image.starts_with(name) && is_digest_after(old_image, name.size());
}

Match OldImages::find(const ImageField& field) {
  if (const auto* old = at_same_place(field); old != nullptr && old->name == field.name) {
    if (old->image == field.image) return {Match::Kind::unchanged};
    if (takes_digest_off(old->image, field.image, digest_only_)) return {Match::Kind::unpinned, old->image};
  }
  return find_by_name(field);
}

const ImageField* OldImages::at_same_place(const ImageField& field) {
  if (next_ > 0 && place(fields_[next_ - 1]) >= place(field)) next_ = 0;
  while (next_ < fields_.size() && place(fields_[next_]) < place(field))
    ++next_;
  return next_ < fields_.size() && place(fields_[next_]) == place(field) ? &fields_[next_] : nullptr;
}

Match OldImages::find_by_name(const ImageField& field) {
  if (sorted_.empty()) {
    sorted_.reserve(fields_.size());
    for (const auto& old : fields_)
      sorted_.push_back(&old);
    std::sort(sorted_.begin(), sorted_.end(), [](const ImageField* a, const ImageField* b) {
      return std::tuple(a->spec, a->list, a->name, a->image) <
             std::tuple(b->spec, b->list, b->name, b->image);
    });
  }
  const auto [first, last] =
      std::equal_range(sorted_.begin(), sorted_.end(), &field,
                       [](const ImageField* a, const ImageField* b) { return naming(*a) < naming(*b); });
  if (first == last) return {Match::Kind::added};
  const Sorted same_name(first, last);
  if (std::binary_search(same_name.begin(), same_name.end(), &field,
                         [](const ImageField* a, const ImageField* b) { return a->image < b->image; }))
    return {Match::Kind::unchanged};
  for (const auto name : {field.image, without_tag(field.image)}) {
    const auto found = with_digest(same_name, name);
    if (found.empty() || !takes_digest_off(found.front()->image, field.image, digest_only_)) continue;
    if (found.front()->image != found.back()->image) return {Match::Kind::ambiguous};
    return {Match::Kind::unpinned, found.front()->image};
  }
  return {Match::Kind::changed};
}

}  // namespace digester::admission
