#include <algorithm>

#include "cli/flags.hpp"

namespace digester::cli {

std::optional<bool> parse_boolean(std::string_view text) {
  const auto word = text::to_lower(text);
  for (const char* yes : {"true", "t", "1", "yes", "y", "on"})
    if (word == yes) return true;
  for (const char* no : {"false", "f", "0", "no", "n", "off"})
    if (word == no) return false;
  return std::nullopt;
}

CLI::Validator boolean() {
  return CLI::Validator(
      [](std::string& text) {
        const auto value = parse_boolean(text);
        if (!value) return Flags::quoted(text) + " is neither true nor false";
        text = *value ? "true" : "false";
        return std::string();
      },
      "");
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  return CLI::Validator(
      [words](std::string& text) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
        return fmt::format("{} is none of {}", Flags::quoted(text), fmt::join(words, ", "));
      },
      "");
}

}  // namespace digester::cli
