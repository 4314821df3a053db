#include "registry/protocol/platform.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::registry::protocol {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

Result<Platform> Platform::parse(std::string_view text) {
  const auto parts = text::split(text, '/');
  if ((parts.size() != 2 && parts.size() != 3) || !std::ranges::all_of(parts, is_name))
    return fail(ErrorKind::invalid,
                "not a platform: \"" + text::printable(text, 64) +
                    "\"; write os/architecture or os/architecture/variant, such as linux/arm64");
  Platform platform;
  platform.os = parts[0];
  platform.architecture = parts[1];
  if (parts.size() == 3) platform.variant = parts[2];
  return platform;
}

std::string Platform::str() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

}  // namespace digester::registry::protocol
