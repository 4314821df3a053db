// A setter: a named parameter of a kpt package (apply-setters v0.2, create-setters v0.1 of kpt's catalog).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/remark.hpp"

namespace digester::setters {

using manifest::Remark;

struct Setter {
  std::string name;
  std::string value;
  friend bool operator==(const Setter&, const Setter&) = default;
};

// From "name=value". A name is anything that can stand in `${…}` in a comment: no blanks and no `}`.
Result<Setter> parse_setter(std::string_view text);

// Each name once; at least one.
Result<void> check_setters(std::span<const Setter> setters);

// One thing done to a text.
struct Change {
  std::size_t line = 0;  // in the old text
  std::string path;      // "spec.template.spec.containers[0].image"
  std::string before;    // of the comment (create) or the value (apply)
  std::string after;
  friend bool operator==(const Change&, const Change&) = default;
};

struct Changed {
  std::string text;  // the whole new text
  std::vector<Change> changes;
  std::vector<Remark> warnings;
};

}  // namespace digester::setters
