// `ko://IMPORTPATH`: a Go program that ko builds into an image. ko replaces every value that begins so, in
// whatever field: images, arguments, custom resources.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digester::known {

inline constexpr std::string_view kKoScheme = "ko://";

struct KoReference {
  std::string value;         // "ko://example.com/cmd/app"
  std::size_t line = 0;      // where it is written, from 1
  std::size_t scalar = 0;    // the byte its scalar begins at, with anchor and tag
  std::size_t begin = 0;     // of the value itself
  std::string refusal = {};  // why it cannot be replaced, and the cure; empty if it can

  std::string_view import_path() const { return std::string_view(value).substr(kKoScheme.size()); }
};

// In the order of the text; what several aliases share is there once. Keys are left alone. Errors are what
// makes the text no YAML: "line N: cause".
Result<std::vector<KoReference>> find_ko(std::string_view text);

using Lookup = std::function<std::optional<std::string>(std::string_view value)>;

struct KoReplaced {
  std::string text;                   // with as many lines as before
  std::vector<KoReference> replaced;  // and what for, in the same order:
  std::vector<std::string> references;
  std::vector<KoReference> unresolved;  // `lookup` had nothing for, or could not be written
};

// Each value becomes what `lookup` gives for it, a valid reference; all else stays byte for byte, which is
// verified.
Result<KoReplaced> replace_ko(std::string_view text, const std::vector<KoReference>& found,
                              const Lookup& lookup);

// "unresolved ko:// reference …" with the cure.
std::string unresolved_message(const KoReference& reference);

}  // namespace digester::known
