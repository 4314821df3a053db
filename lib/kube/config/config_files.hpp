// Small local files, read at start-up. Inside of this room.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace digester::kube {

inline constexpr std::size_t kMaxConfigFile = 4 << 20;

// Empty optional: not there (nor the directory it should be in). Blocks. invalid, forbidden, too_large; the
// message names the path, never the content.
Result<std::optional<std::string>> read_config_file(const std::string& path);

// The same, where a missing file is ErrorKind::not_found.
Result<std::string> require_config_file(const std::string& path);

}  // namespace digester::kube
