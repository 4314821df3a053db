// `digester version`.
#pragma once

#include <string>

namespace digester::app {

std::string version_text();  // one fact a line
std::string version_json();

}  // namespace digester::app
