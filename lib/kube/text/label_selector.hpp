// Kubernetes label selectors: kubectl's string form and the API's JSON form (LabelSelector), validated, and
// whether a set of labels matches. Pure.
//
// Specification: "Labels and Selectors" and the behaviour of apimachinery's labels.Parse and
// LabelSelectorAsSelector. Ours differs in this: an unknown member of the JSON form is an error, because a
// constraint that nobody reads would let the selector match more than its author meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "json/value.hpp"

namespace digester::kube {

// A value: never changed once made, to be read from any thread.
class LabelSelector {
 public:
  static constexpr std::size_t kMaxText = 64 * 1024;
  static constexpr std::size_t kMaxRequirements = 256;
  static constexpr std::size_t kMaxValues = 1024;  // of one requirement

  using Labels = std::map<std::string, std::string, std::less<>>;

  enum class Operator : std::uint8_t { in, not_in, exists, does_not_exist, greater, less };

  // What a JSON selector that is null or not there means. The API's documentation says of the type that a
  // null selector matches nothing; the fields of webhook configurations default to the empty one.
  enum class Absent : std::uint8_t { matches_nothing, matches_everything };

  // Matches everything, as an empty selector does.
  LabelSelector() = default;

  // "a=b,c==d,e!=f,g in (x,y),h notin (z),i,!j,k>1,l<5"; white space around tokens does not matter. Empty
  // text matches everything. ErrorKind::invalid says what is wrong and at which byte (counted from 0).
  static Result<LabelSelector> parse(std::string_view text);

  // {"matchLabels": {…}, "matchExpressions": [{"key", "operator", "values"}]} with In, NotIn, Exists and
  // DoesNotExist; {} matches everything. ErrorKind::invalid names the member: "matchExpressions[1].operator".
  static Result<LabelSelector> from_json(json::Value selector, Absent absent = Absent::matches_nothing);

  // All requirements hold. An absent key satisfies `!=`, `notin` and `!key`, and nothing else.
  bool matches(const Labels& labels) const;
  // An object's metadata.labels; absent or no object: no labels. A value that is no string is no label.
  bool matches(json::Value labels) const;

  bool matches_everything() const { return !nothing_ && requirements_.empty(); }
  bool matches_nothing() const { return nothing_; }

  // The same selector gives the same string, whichever form and order it was written in; parse() reads it
  // back. Everything is "", nothing is "<nothing>", which parse() refuses.
  std::string to_string() const;

 private:
  struct Requirement {
    std::string key;
    Operator op = Operator::exists;
    std::vector<std::string> values;  // sorted, each once
    std::int64_t bound = 0;           // of greater and less
    friend auto operator<=>(const Requirement&, const Requirement&) = default;
  };
  friend class SelectorParser;
  friend class SelectorReader;

  template <typename Find>
  bool matches_all(const Find& find) const;
  void normalise();  // the canonical order

  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

// Label keys: [prefix/]name, the prefix a DNS subdomain of at most 253 bytes in lower case, the name 1 to 63
// of letters, digits, `-`, `_`, `.`, beginning and ending with a letter or digit. Values: empty or as names.
// The error says what is wrong, printable, with no place.
Result<void> validate_label_key(std::string_view key);
Result<void> validate_label_value(std::string_view value);

}  // namespace digester::kube
