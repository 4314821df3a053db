#pragma once

#include <cstddef>

namespace digester::known {

// Of a file with artifacts, a map or a lock: far beyond what tools write.
inline constexpr std::size_t kMaxFile = std::size_t{16} << 20;
inline constexpr std::size_t kMaxEntries = 100'000;

}  // namespace digester::known
