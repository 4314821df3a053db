// Which entries are to get a digest, and the digest of what.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kustomization/kustomization.hpp"

namespace digester::kustomization {

struct PlanOptions {
  bool add = false;     // entries for images that have none
  bool update = false;  // look up anew what has a digest
};

struct Step {
  std::optional<std::size_t> entry;  // in Kustomization::images; none: a new one
  std::string image;                 // what to look up, as the build yields it
  std::string name;                  // the image's, without its tag
  std::optional<std::string> tag;    // to be written as newTag, because digest alone drops it
};

struct Refusal {
  std::size_t line = 0;  // of the entry; 0 where there is none
  std::string cause, cure;
};

struct Plan {
  std::vector<Step> steps;
  std::vector<Refusal> refusals;
  std::vector<std::string> uncovered;  // images without a digest and without an entry
};

// `built` are the images that the build yields, each as often as it likes; `elsewhere` the names of those
// that are another file's affair. An entry is an image's if its newName, or without one its name, is the
// image's name, letter for letter; of several the last, which kustomize carries out last.
//
// Refused: a name with several tags, which one digest would make the same; a tagSuffix, which vanishes beside
// a digest; an entry that has a digest which the build does not show; with `update`, a digest whose tag
// nobody knows.
Plan plan(const Kustomization& file, std::span<const std::string> built, const PlanOptions& options,
          std::span<const std::string> elsewhere = {});

}  // namespace digester::kustomization
