// The grammar of keys and values.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "kube/text/label_selector.hpp"

namespace digester::kube {
namespace {

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kMaxPrefix = 253;

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_alphanumeric(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

// Why this is no name; empty if it is one.
std::string_view fault_of_name(std::string_view name) {
  if (name.size() > kMaxName) return "is longer than 63 characters";
  if (!std::all_of(name.begin(), name.end(), is_name_character))
    return "holds a character other than letters, digits, '-', '_' and '.'";
  if (!is_alphanumeric(name.front()) || !is_alphanumeric(name.back()))
    return "does not begin and end with a letter or digit";
  return {};
}

// RFC 1123 subdomain in lower case.
std::string_view fault_of_prefix(std::string_view prefix) {
  if (prefix.empty()) return "is empty";
  if (prefix.size() > kMaxPrefix) return "is longer than 253 characters";
  for (const auto label : text::split(prefix, '.')) {
    const bool known =
        std::all_of(label.begin(), label.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
    if (!known) return "holds a character other than lower-case letters, digits, '-' and '.'";
    if (label.empty() || label.front() == '-' || label.back() == '-')
      return "has a part between dots that does not begin and end with a letter or digit";
  }
  return {};
}

}  // namespace

Result<void> validate_label_key(std::string_view key) {
  const auto shown = text::printable(key, 80);
  const auto slash = key.find('/');
  auto name = key;
  if (slash != std::string_view::npos) {
    name = key.substr(slash + 1);
    if (name.find('/') != std::string_view::npos)
      return fail(ErrorKind::invalid, fmt::format("the key \"{}\" holds more than one '/'", shown));
    if (const auto fault = fault_of_prefix(key.substr(0, slash)); !fault.empty())
      return fail(ErrorKind::invalid, fmt::format("the prefix of the key \"{}\" {}", shown, fault));
  }
  if (name.empty())
    return fail(ErrorKind::invalid, fmt::format("the name in the key \"{}\" is empty", shown));
  if (const auto fault = fault_of_name(name); !fault.empty())
    return fail(ErrorKind::invalid, fmt::format("the name in the key \"{}\" {}", shown, fault));
  return {};
}

Result<void> validate_label_value(std::string_view value) {
  if (value.empty()) return {};
  if (const auto fault = fault_of_name(value); !fault.empty())
    return fail(ErrorKind::invalid, fmt::format("the value \"{}\" {}", text::printable(value, 80), fault));
  return {};
}

}  // namespace digester::kube
