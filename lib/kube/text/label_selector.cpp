#include "kube/text/label_selector.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

namespace digester::kube {
namespace {

// Go's strconv.ParseInt in base 10, which takes a sign.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

std::string joined(const std::vector<std::string>& values) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i)
    out += (i == 0 ? "" : ",") + values[i];
  return out;
}

}  // namespace

template <typename Find>
bool LabelSelector::matches_all(const Find& find) const {
  if (nothing_) return false;
  for (const auto& requirement : requirements_) {
    const std::optional<std::string_view> value = find(requirement.key);
    const auto is_listed = [&] {
      return std::binary_search(requirement.values.begin(), requirement.values.end(), *value);
    };
    bool holds = false;
    switch (requirement.op) {
      case Operator::in:
        holds = value && is_listed();
        break;
      case Operator::not_in:
        holds = !value || !is_listed();
        break;
      case Operator::exists:
        holds = value.has_value();
        break;
      case Operator::does_not_exist:
        holds = !value;
        break;
      case Operator::greater:
      case Operator::less: {
        const auto number = value ? parse_integer(*value) : std::nullopt;
        holds = number && (requirement.op == Operator::greater ? *number > requirement.bound
                                                               : *number < requirement.bound);
        break;
      }
    }
    if (!holds) return false;
  }
  return true;
}

bool LabelSelector::matches(const Labels& labels) const {
  return matches_all([&](const std::string& key) -> std::optional<std::string_view> {
    const auto found = labels.find(key);
    if (found == labels.end()) return std::nullopt;
    return found->second;
  });
}

bool LabelSelector::matches(json::Value labels) const {
  return matches_all([&](const std::string& key) { return labels.find(key).string(); });
}

void LabelSelector::normalise() {
  std::sort(requirements_.begin(), requirements_.end());
  requirements_.erase(std::unique(requirements_.begin(), requirements_.end()), requirements_.end());
}

std::string LabelSelector::to_string() const {
  if (nothing_) return "<nothing>";
  std::string out;
  for (const auto& [key, op, values, bound] : requirements_) {
    if (!out.empty()) out += ',';
    switch (op) {
      case Operator::in:
        out += values.size() == 1 ? key + "=" + values.front() : key + " in (" + joined(values) + ")";
        break;
      case Operator::not_in:
        out += values.size() == 1 ? key + "!=" + values.front() : key + " notin (" + joined(values) + ")";
        break;
      case Operator::exists:
        out += key;
        break;
      case Operator::does_not_exist:
        out += "!" + key;
        break;
      case Operator::greater:
        out += key + ">" + std::to_string(bound);
        break;
      case Operator::less:
        out += key + "<" + std::to_string(bound);
        break;
    }
  }
  return out;
}

}  // namespace digester::kube
