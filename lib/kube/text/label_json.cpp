// The API's JSON form.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "kube/text/label_selector.hpp"

namespace digester::kube {
namespace {

tl::unexpected<Error> bad(std::string_view where, std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("label selector, {}: {}", where, why));
}

// The first member that is not among `known`, or that is there twice.
Result<void> only(json::Value object, std::initializer_list<std::string_view> known, std::string_view where) {
  std::vector<std::string_view> seen;
  for (const json::Member member : object.members()) {
    const auto shown = text::printable(member.key, 64);
    if (std::find(known.begin(), known.end(), member.key) == known.end())
      return bad(where, fmt::format("the member \"{}\" is not known", shown));
    if (std::find(seen.begin(), seen.end(), member.key) != seen.end())
      return bad(where, fmt::format("the member \"{}\" is there twice", shown));
    seen.push_back(member.key);
  }
  return {};
}

}  // namespace

class SelectorReader {
 public:
  Result<LabelSelector> run(json::Value selector) && {
    if (!selector.is_object()) return bad("the whole", "it is not an object");
    if (auto valid = only(selector, {"matchLabels", "matchExpressions"}, "the whole"); !valid)
      return fail(std::move(valid.error()));
    if (auto read = labels(selector.find("matchLabels")); !read) return fail(std::move(read.error()));
    if (auto read = expressions(selector.find("matchExpressions")); !read)
      return fail(std::move(read.error()));
    if (selector_.requirements_.size() > LabelSelector::kMaxRequirements)
      return bad("the whole", "more than 256 requirements");
    selector_.normalise();
    return std::move(selector_);
  }

 private:
  using Operator = LabelSelector::Operator;
  using Requirement = LabelSelector::Requirement;

  Result<void> labels(json::Value labels) {
    if (!labels.present() || labels.is_null()) return {};
    if (!labels.is_object()) return bad("matchLabels", "it is not an object");
    for (const json::Member member : labels.members()) {
      if (auto valid = validate_label_key(member.key); !valid)
        return bad("matchLabels", valid.error().message);
      const auto where = fmt::format("matchLabels[\"{}\"]", member.key);
      const auto value = member.value.string();
      if (!value) return bad(where, "its value is not a string");
      if (auto valid = validate_label_value(*value); !valid) return bad(where, valid.error().message);
      // Of a key that is there twice the last counts, as the API server has it.
      if (labels.find(member.key).string() != value) continue;
      selector_.requirements_.push_back({std::string(member.key), Operator::in, {std::string(*value)}, 0});
    }
    return {};
  }

  Result<void> expressions(json::Value expressions) {
    if (!expressions.present() || expressions.is_null()) return {};
    if (!expressions.is_array()) return bad("matchExpressions", "it is not an array");
    std::size_t index = 0;
    for (const auto expression : expressions.elements()) {
      if (auto read = one(expression, fmt::format("matchExpressions[{}]", index++)); !read) return read;
    }
    return {};
  }

  Result<void> one(json::Value expression, const std::string& where) {
    if (!expression.is_object()) return bad(where, "it is not an object");
    if (auto valid = only(expression, {"key", "operator", "values"}, where); !valid) return valid;
    Requirement requirement;
    const auto key = expression.find("key").string();
    if (!key) return bad(where + ".key", "it is not there or not a string");
    if (auto valid = validate_label_key(*key); !valid) return bad(where + ".key", valid.error().message);
    requirement.key = *key;

    const auto name = expression.find("operator").string_or("");
    const bool takes_values = name == "In" || name == "NotIn";
    if (takes_values)
      requirement.op = name == "In" ? Operator::in : Operator::not_in;
    else if (name == "Exists" || name == "DoesNotExist")
      requirement.op = name == "Exists" ? Operator::exists : Operator::does_not_exist;
    else
      return bad(where + ".operator", fmt::format("\"{}\" is none of In, NotIn, Exists and DoesNotExist",
                                                  text::printable(name, 32)));

    const auto values = expression.find("values");
    if (values.present() && !values.is_null() && !values.is_array())
      return bad(where + ".values", "it is not an array");
    if (takes_values && values.size() == 0)
      return bad(where + ".values", fmt::format("{} needs at least one", name));
    if (!takes_values && values.size() != 0)
      return bad(where + ".values", fmt::format("{} takes none", name));
    if (values.size() > LabelSelector::kMaxValues) return bad(where + ".values", "more than 1024 values");
    for (const auto element : values.elements()) {
      const auto value = element.string();
      if (!value) return bad(where + ".values", "one of them is not a string");
      if (auto valid = validate_label_value(*value); !valid)
        return bad(where + ".values", valid.error().message);
      requirement.values.emplace_back(*value);
    }
    auto& all = requirement.values;
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    selector_.requirements_.push_back(std::move(requirement));
    return {};
  }

  LabelSelector selector_;
};

Result<LabelSelector> LabelSelector::from_json(json::Value selector, Absent absent) {
  if (!selector.present() || selector.is_null()) {
    LabelSelector made;
    made.nothing_ = absent == Absent::matches_nothing;
    return made;
  }
  return SelectorReader().run(selector);
}

}  // namespace digester::kube
