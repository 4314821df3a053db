// Which objects are in no namespace.
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>

#include "prepare/objects.hpp"

namespace digester::prepare {

// Kubernetes' own kinds, and those whose CustomResourceDefinition is among the objects and says so. Any other
// is taken for one that has a namespace.
class Scope {
 public:
  explicit Scope(std::span<const Object> objects);
  bool is_cluster_wide(const Object& object) const;

 private:
  std::set<std::pair<std::string, std::string>> custom_;  // group, kind
};

}  // namespace digester::prepare
