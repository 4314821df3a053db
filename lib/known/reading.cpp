#include "known/reading.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "yaml/writer.hpp"

namespace digester::known {

Error at_line(std::size_t line, std::string_view why, ErrorKind kind) {
  return {kind, fmt::format("line {}: {}", line, why)};
}

std::optional<std::string_view> text_of(const yaml::Tree& tree, std::string_view key) {
  const auto* value = tree.find(key);
  if (value == nullptr || !value->is_scalar() || value->is_null()) return std::nullopt;
  return value->scalar;
}

Result<image::Reference> read_replacement(std::string_view text, std::size_t line, std::string_view what) {
  auto reference = image::Reference::parse(text);
  if (!reference) return fail(at_line(line, fmt::format("{}: {}", what, reference.error().message)));
  if (!yaml::is_plain_text(text))
    return fail(at_line(line, fmt::format("{} \"{}\" would be no text in a manifest; write its registry too",
                                          what, text::printable(text, 128))));
  return reference;
}

}  // namespace digester::known
