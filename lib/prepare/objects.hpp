// Kubernetes objects of several texts, as trees.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "yaml/tree.hpp"

namespace digester::prepare {

struct Input {
  std::string name;  // for messages
  std::string text;
};

struct Object {
  yaml::Tree tree;     // a mapping with apiVersion and kind, and metadata that is a mapping
  std::string source;  // the input's name; empty for what was made here

  std::string_view kind() const;
  std::string_view api_version() const;
  std::string_view name() const;
  std::string_view name_space() const;
  std::string group() const;  // of apiVersion; empty for the core's
  std::string shown() const;  // "Deployment web"
};

// In the order of the texts. A list's items are objects of their own; empty documents are none. Errors:
// "NAME: line N: cause; cure".
Result<std::vector<Object>> read_objects(std::span<const Input> inputs);

// Documents with `---` between them, keys sorted.
Result<std::string> write_objects(std::span<const Object> objects);

// A scalar's text at a path of keys; empty where there is none.
std::string_view text_at(const yaml::Tree& tree, std::initializer_list<std::string_view> path);
// Null where a step of the path is missing or no mapping.
const yaml::Tree* find_at(const yaml::Tree& tree, std::initializer_list<std::string_view> path);
yaml::Tree* find_at(yaml::Tree& tree, std::initializer_list<std::string_view> path);

}  // namespace digester::prepare
