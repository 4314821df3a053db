// Versions of the libraries that only this room includes.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace digester::net {

// Name and version, OpenSSL's as loaded at run time.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace digester::net
