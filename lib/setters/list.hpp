// The setters of a text: where each stands, and its value there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "setters/setter.hpp"

namespace digester::setters {

struct Use {
  std::string name;
  std::optional<std::string> value;  // where it can be read off, and that does not cut a digest in two
  bool is_list = false;
  std::size_t line = 0;
  std::string path;
  std::string pattern;
};

// In the order of the text; a setter that stands twice in one comment is there once.
Result<std::vector<Use>> list_setters(std::string_view text);

}  // namespace digester::setters
