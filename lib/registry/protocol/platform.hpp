// A platform as the command line and an image index write it: os/architecture[/variant].
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::registry::protocol {

struct Platform {
  std::string os;            // "linux"
  std::string architecture;  // "arm64", by Go's GOARCH
  std::string variant;       // "v8"; empty: any

  // ErrorKind::invalid with an example of what is right.
  static Result<Platform> parse(std::string_view text);
  std::string str() const;

  friend bool operator==(const Platform&, const Platform&) = default;
};

}  // namespace digester::registry::protocol
