// Compressed answers, opened with a limit: a kilobyte on the wire can be a gigabyte in memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::registry::protocol {

// `encoding` is the Content-Encoding: empty or identity (the body as it is), gzip, x-gzip or deflate.
// Errors: too_large above `limit` bytes, unsupported for another encoding, protocol for broken data;
// messages are causes alone.
Result<std::string> decode_body(std::string body, std::string_view encoding, std::size_t limit);

}  // namespace digester::registry::protocol
