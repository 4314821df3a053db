// What a kustomization file says of images and of other folders (kustomize 5: api/types/kustomization.go).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digester::kustomization {

// A folder has exactly one of these.
inline constexpr std::array<std::string_view, 3> kFileNames{"kustomization.yaml", "kustomization.yml",
                                                            "Kustomization"};

// A scalar as it stands in the text, with its quotes.
struct Scalar {
  std::string value;
  std::size_t begin = 0, end = 0;
  std::size_t line = 0;
};

// One of `images:`. What matches `name` gets the others. `name` is a regular expression, not escaped, that
// has to fit all of an image's name: `.` is any character.
struct Entry {
  std::optional<Scalar> name, new_name, new_tag, digest, tag_suffix;
  std::size_t line = 0;
  bool flow = false;
  std::size_t begin = 0, end = 0;  // of the mapping; the end of one in block style is somewhere behind it
  std::size_t column = 0;          // in block style: of its first key
  std::size_t last_end = 0;        // of its last value

  // What images that it changed are called.
  std::string_view result_name() const {
    return new_name ? new_name->value : name ? std::string_view(name->value) : std::string_view();
  }
};

// An element of `resources`, `bases` or `components`: a file, a folder or a URL.
struct Source {
  std::string path;
  std::size_t line = 0;
  bool is_component = false;
};

enum class ImagesForm { missing, empty, block, flow };

struct Kustomization {
  bool is_component = false;
  bool is_json = false;
  std::vector<Entry> images;
  std::vector<Source> sources;
  // For whoever adds entries.
  ImagesForm images_form = ImagesForm::missing;
  std::size_t images_begin = 0;   // the first `-` or the `[`; of an empty value, the end of the key's line
  std::size_t images_column = 0;  // of the first `-`
  std::size_t images_last = 0;    // the end of the last value in it; in brackets, of the last element
  bool root_flow = false;
  std::size_t root_last = 0;   // the end of the last value of all
  bool ends_in_block = false;  // that is a block scalar, and its end is where another line begins
  std::string_view line_break = "\n";
};

// Errors are "line N: cause": no YAML, several documents, `images` that are no list of mappings of text, or
// that come through anchors, merges or keys written twice.
Result<Kustomization> read(std::string_view text);

// "registry:5000/team/web:1.10@sha256:…" in its parts, as kustomize takes it apart; nothing is checked.
struct ImageParts {
  std::string name, tag, digest;
};
ImageParts split_image(std::string_view image);

// The events of the text but for the value of `images`, and the key if that is all there is of it: to see
// that nothing else has changed.
Result<std::string> all_but_images(std::string_view text);

}  // namespace digester::kustomization
