// What Skaffold built: the file of `skaffold build --file-output`, read by `--build-artifacts` there and
// here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace digester::known {

class Artifacts {
 public:
  // {"builds": [{"imageName": …, "tag": …}]}, JSON. Of two builds of one image the later counts, as in
  // Skaffold. Errors: "line N: cause; cure".
  static Result<Artifacts> read(std::string_view text);

  // The whole replacement of an image, which may lack a digest when the build had no registry. As Skaffold
  // compares: `ko://` and the tag do not count, nor does the case of the name; the rest is compared as it is
  // written, so that `app` is not `docker.io/library/app`. An image with a digest stays.
  std::optional<std::string> find(std::string_view image) const;

  struct Artifact {
    std::string name;  // as it was written
    std::string tag;
    std::size_t line = 0;
  };
  // Those that none of these images names, with or without a digest, nor is: in the order of their lines.
  // Valid as long as this.
  std::vector<const Artifact*> unused(std::span<const std::string_view> images) const;

  std::size_t size() const { return tags_.size(); }

 private:
  const Artifact* of(std::string_view image) const;
  std::unordered_map<std::string, Artifact> tags_;
};

}  // namespace digester::known
