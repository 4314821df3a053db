#include "admission/template.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "admission/match.hpp"

namespace digester::admission {
namespace {

// Equal but for images that lost our digest, and for members that hold nothing.
class Comparison {
 public:
  explicit Comparison(bool digest_only) : digest_only_(digest_only) {}

  bool pod_template(json::Value a, json::Value b) const {
    return members(a, b, [this](std::string_view key, json::Value x, json::Value y) {
      return key == "spec" ? pod_spec(x, y) : value(x, y);
    });
  }

 private:
  bool pod_spec(json::Value a, json::Value b) const {
    return members(a, b, [this](std::string_view key, json::Value x, json::Value y) {
      if (key == "containers" || key == "initContainers" || key == "ephemeralContainers")
        return elements(x, y, [this](json::Value p, json::Value q) { return holder(p, q, "image"); });
      if (key == "volumes")
        return elements(x, y, [this](json::Value p, json::Value q) { return volume(p, q); });
      return value(x, y);
    });
  }

  bool volume(json::Value a, json::Value b) const {
    return members(a, b, [this](std::string_view key, json::Value x, json::Value y) {
      return key == "image" ? holder(x, y, "reference") : value(x, y);
    });
  }

  // An object whose member `image_key` is an image string.
  bool holder(json::Value a, json::Value b, std::string_view image_key) const {
    return members(a, b, [this, image_key](std::string_view key, json::Value x, json::Value y) {
      if (key != image_key || !x.is_string() || !y.is_string()) return value(x, y);
      const auto old_image = *x.string();
      const auto new_image = *y.string();
      return old_image == new_image || takes_digest_off(old_image, new_image, digest_only_);
    });
  }

  static bool value(json::Value a, json::Value b) {
    if (a.is_object() && b.is_object())
      return members(a, b, [](std::string_view, json::Value x, json::Value y) { return value(x, y); });
    if (a.is_array() && b.is_array())
      return elements(a, b, [](json::Value x, json::Value y) { return value(x, y); });
    return (is_empty(a) && is_empty(b)) || json::equal(a, b);
  }

  // Whoever decodes a pod template takes these for nothing, so that one that comes or goes changes nothing.
  static bool is_empty(json::Value v) {
    return !v.present() || v.is_null() || (v.is_object() && !(v.members().begin() != v.members().end())) ||
           (v.is_array() && !(v.elements().begin() != v.elements().end()));
  }

  template <typename Same>
  static bool elements(json::Value a, json::Value b, Same same) {
    if (!a.is_array() || !b.is_array()) return value(a, b);
    const auto left = a.elements();
    const auto right = b.elements();
    auto l = left.begin();
    auto r = right.begin();
    for (; l != left.end() && r != right.end(); ++l, ++r)
      if (!same(*l, *r)) return false;
    return !(l != left.end()) && !(r != right.end());
  }

  // The API server writes the keys of both objects in one order, so that sorting is for others. No pair of
  // values is compared twice.
  template <typename Same>
  static bool members(json::Value a, json::Value b, Same same) {
    if (!a.is_object() || !b.is_object()) return value(a, b);
    const auto left = a.members();
    const auto right = b.members();
    if (same_keys_in_order(left, right)) {
      for (auto l = left.begin(), r = right.begin(); l != left.end(); ++l, ++r)
        if (!same((*l).key, (*l).value, (*r).value)) return false;
      return true;
    }
    const auto x = sorted(a);
    const auto y = sorted(b);
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i].key != y[i].key || !same(x[i].key, x[i].value, y[i].value)) return false;
    return true;
  }

  static bool same_keys_in_order(json::Range<json::Member> left, json::Range<json::Member> right) {
    auto l = left.begin();
    auto r = right.begin();
    for (; l != left.end() && r != right.end(); ++l, ++r)
      if ((*l).key != (*r).key) return false;
    return !(l != left.end()) && !(r != right.end());
  }

  static std::vector<json::Member> sorted(json::Value object) {
    std::vector<json::Member> all;
    for (const auto member : object.members())
      if (!is_empty(member.value)) all.push_back(member);
    std::stable_sort(all.begin(), all.end(), [](const auto& p, const auto& q) { return p.key < q.key; });
    return all;
  }

  bool digest_only_;
};

}  // namespace

bool same_template(json::Value old_template, json::Value new_template, bool digest_only) {
  return Comparison(digest_only).pod_template(old_template, new_template);
}

}  // namespace digester::admission
