// What is done with the images of manifests, as whoever runs the command wants it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digester::pin {

// References that somebody has determined already: a build, a lock. Given an image as the manifest writes it,
// the whole value to write instead; nothing where it has none.
using Substitute = std::function<std::optional<std::string>(std::string_view image)>;

struct Policy {
  // Images that start with one of these, as they are written, are left alone. May hold ports.
  std::vector<std::string> skip_prefixes;
  // Asked in order, before anything else, for every image without a digest; the first that answers wins. An
  // answer without a digest is then looked up like an image that stands in the manifest.
  std::vector<Substitute> substitutes;
  // Write name@digest instead of name:tag@digest.
  bool digest_only = false;
  // Nothing is looked up: what no substitute knows stays as it is.
  bool offline = false;
  // Look into everything, also what has no apiVersion and kind.
  bool any_object = false;
};

// Also placeholders.
bool is_skipped(const Policy& policy, std::string_view image);

// A Go program builds the image, and nothing has done so yet: "ko://example.com/cmd/app".
bool is_ko(std::string_view image);

}  // namespace digester::pin
