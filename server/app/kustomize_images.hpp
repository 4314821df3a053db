// The images of what a kustomization builds, and whether a second build has become what it should.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/images.hpp"
#include "manifest/rules.hpp"

namespace digester::app {

struct BuiltImages {
  manifest::Images images;

  // Those that entries can pin or have pinned: open or with a digest, not of ko, not skipped.
  std::vector<std::string> values(std::span<const std::string> skip_prefixes) const;
};

Result<BuiltImages> built_images(const std::string& output, const manifest::Rules& rules);

// Why no entry can pin it: an expression, a reference of ko's, something malformed.
std::optional<manifest::Remark> obstacle(const manifest::ImageField& field);

// "Deployment web spec.template.spec.containers[0].image"
std::string place_of(const manifest::Images& images, const manifest::ImageField& field);

// Nothing if each image of `after` is what `wanted` says of it (by its old value), or what it was. Otherwise
// which is not, why that may be, and the cure.
Result<void> compare_builds(const manifest::Images& before, const manifest::Images& after,
                            const std::map<std::string, std::string>& wanted);

}  // namespace digester::app
