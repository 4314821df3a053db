// Places of images that the user adds.
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "manifest/rules.hpp"

namespace digester::app {

// Each `PATH[,kind=K][,group=G][,version=V]`, PATH as kustomize writes it. The error says what is wrong with
// which.
Result<manifest::Rules> image_rules(std::span<const std::string> paths);

}  // namespace digester::app
