// Which image of the old object stands behind an image of the new one: containers by list and name, image
// volumes by volume name. Internal to the room.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "admission/images.hpp"

namespace digester::admission {

// True if `old_image` is `new_image` with a digest behind it: "X:t@sha256:…" over "X:t". With `digest_only`
// also "X@sha256:…" over "X:t": the tag it was made from is lost, the repository has to do.
bool takes_digest_off(std::string_view old_image, std::string_view new_image, bool digest_only);

struct Match {
  enum class Kind {
    added,      // no such container or volume in the old object
    unchanged,  // the same string
    unpinned,   // takes the digest off again; `old_image` has it
    changed,    // another string
    ambiguous,  // several of that name, whose digests differ: none of them is known to be the right one
  };
  Kind kind = Kind::added;
  std::string_view old_image = {};
};

// Names should be unique in a list, but a webhook sees objects before they are validated. Of several with
// one name, the one at the same index goes first, then one with the same string, then one that only lacks
// the digest: what stays untouched does no harm. Takes O(log n) a question, whatever the object holds.
class OldImages {
 public:
  // `fields` as find_images() returns them; must outlive this.
  OldImages(std::span<const ImageField> fields, bool digest_only)
      : fields_(fields), digest_only_(digest_only) {}

  // Ask in the order of find_images(): then most answers take one comparison.
  Match find(const ImageField& field);

 private:
  const ImageField* at_same_place(const ImageField& field);
  Match find_by_name(const ImageField& field);

  std::span<const ImageField> fields_;
  bool digest_only_;
  std::size_t next_ = 0;
  std::vector<const ImageField*> sorted_;  // by spec, list, name, image; made when first needed
};

}  // namespace digester::admission
