// Versions of the libraries that only this room includes.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace digester::json {

std::vector<std::pair<std::string, std::string>> library_versions();  // name and version

}  // namespace digester::json
