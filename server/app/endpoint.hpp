// "HOST:PORT" as Go's flags write listen addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digester::app {

struct Endpoint {
  std::string address;  // an IP address without brackets; empty: every address
  std::uint16_t port = 0;
};

// ":9090", "127.0.0.1:9090", "[::1]:9090", "localhost:9090" (which is 127.0.0.1); "0" or an empty text mean
// "do not listen": empty optional. `flag` names the flag in errors.
Result<std::optional<Endpoint>> parse_endpoint(std::string_view flag, std::string_view text);

// An IP address, localhost (127.0.0.1), or empty (every address).
Result<std::string> parse_listen_address(std::string_view flag, std::string_view text);

}  // namespace digester::app
