// Whole files, within limits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::files {

inline constexpr std::string_view kStandardInput = "-";
inline constexpr std::size_t kLargestFile = std::size_t{512} << 20;  // bytes

// The content of a file, or of standard input for "-". Devices, sockets and pipes are refused, but for pipes
// that a shell hands over by a name below /dev/fd. A file that changes meanwhile is an error. Errors are one
// line that begins with the path.
Result<std::string> read_file(const std::string& path, std::size_t at_most = kLargestFile);

// Until its end; `path` is for messages.
Result<std::string> read_descriptor(int fd, std::string_view path, std::size_t at_most = kLargestFile,
                                    std::size_t expected = 0);

}  // namespace digester::files
