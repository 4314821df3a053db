// Digests into a kustomization file's text; all else stays as it is, comments and order too.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "image/digest.hpp"
#include "kustomization/plan.hpp"

namespace digester::kustomization {

struct Answer {
  Step step;
  image::Digest digest;
};

// `file` is what read() made of `text`. A digest that is there changes; otherwise a line `digest:` follows
// newTag (in quotes, if it is new), or the last value of the entry; in a flow mapping it stands behind that.
// New entries come last. The result is read again: everything but the images is what it was, and they are as
// they were but for what was to be written. Otherwise it is an error and nothing else.
Result<std::string> write_digests(std::string_view text, const Kustomization& file,
                                  std::span<const Answer> answers);

}  // namespace digester::kustomization
