#include "pin/policy.hpp"

#include "image/skip_prefixes.hpp"

namespace digester::pin {

bool is_skipped(const Policy& policy, std::string_view image) {
  return image::is_placeholder(image) || image::starts_with_any(image, policy.skip_prefixes);
}

bool is_ko(std::string_view image) {
  return image.starts_with("ko://");
}

}  // namespace digester::pin
