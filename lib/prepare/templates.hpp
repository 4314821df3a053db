// Objects that are made where none are given.
#pragma once

#include <string>
#include <string_view>

#include "image/reference.hpp"
#include "prepare/objects.hpp"

namespace digester::prepare {

Object make_namespace(std::string_view name);

// Three Pods of an image, and a HorizontalPodAutoscaler for one to five of them; both named after the last
// part of the repository. What to start from, not what to end with.
std::vector<Object> make_deployment(const image::Reference& image);

}  // namespace digester::prepare
