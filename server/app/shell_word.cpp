#include "app/shell_word.hpp"

#include "base/text.hpp"

namespace digester::app {

std::string shell_word(std::string_view path) {
  constexpr std::string_view kBare =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
  const auto shown = (path.starts_with('-') ? "./" : "") + text::printable(path, 512);
  if (!shown.empty() && shown.find_first_not_of(kBare) == std::string::npos) return shown;
  std::string word = "'";
  for (const char c : shown)
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace digester::app
