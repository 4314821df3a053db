// What Skaffold built: the file of `skaffold build --file-output`, read by `--build-artifacts` there and
// here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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

  std::size_t size() const { return tags_.size(); }

 private:
  std::unordered_map<std::string, std::string> tags_;
};

}  // namespace digester::known
