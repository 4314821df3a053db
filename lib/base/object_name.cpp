#include "base/object_name.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_dns_label(std::string_view label) {
  return !label.empty() && is_lower_or_digit(label.front()) && is_lower_or_digit(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

}  // namespace

bool is_object_name(std::string_view name) {
  if (name.size() > 253) return false;
  const auto labels = text::split(name, '.');
  return !name.empty() && std::all_of(labels.begin(), labels.end(), is_dns_label);
}

bool is_namespace_name(std::string_view name) {
  return name.size() <= 63 && is_dns_label(name);
}

}  // namespace digester
