#include "image/skip_prefixes.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace digester::image {

std::vector<std::string> split_prefixes(std::string_view colon_separated) {
  std::vector<std::string> prefixes;
  for (const auto part : text::split(colon_separated, ':'))
    if (!text::is_blank(part)) prefixes.emplace_back(text::trim(part));
  return prefixes;
}

std::string split_port(std::string_view colon_separated) {
  const auto parts = split_prefixes(colon_separated);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto digits = parts[i].substr(0, parts[i].find('/'));
    if (digits.size() <= 5 && digits.find_first_not_of("0123456789") == std::string::npos &&
        parts[i - 1].find('/') == std::string::npos)
      return parts[i - 1];
  }
  return {};
}

bool is_placeholder(std::string_view image) {
  return image == "auto";
}

bool starts_with_any(std::string_view image, std::span<const std::string> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return image.starts_with(prefix); });
}

}  // namespace digester::image
