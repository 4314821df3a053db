// One header field of a request, as views into the head it came in.
#pragma once

#include <string_view>

namespace digester::net {

struct HeaderField {
  std::string_view name;   // as sent; names compare case-insensitively
  std::string_view value;  // trimmed
};

}  // namespace digester::net
