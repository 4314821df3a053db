#include "json/library_versions.hpp"

#include <fmt/format.h>
#include <rapidjson/rapidjson.h>
#include <simdjson.h>

namespace digester::json {

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"simdjson", fmt::format("{}.{}.{}", +simdjson::SIMDJSON_VERSION_MAJOR,
                                   +simdjson::SIMDJSON_VERSION_MINOR, +simdjson::SIMDJSON_VERSION_REVISION)},
          {"RapidJSON", RAPIDJSON_VERSION_STRING}};
}

}  // namespace digester::json
