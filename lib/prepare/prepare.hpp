// What gke-deploy's `prepare` makes of manifests: a suggestion to keep with the sources, and the objects to
// apply.
//
// Unlike there, a new Namespace comes before what goes into it, objects in no namespace get none, and of
// names the spelling of -i stays (nginx, not index.docker.io/library/nginx).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/digest.hpp"
#include "prepare/objects.hpp"
#include "prepare/options.hpp"

namespace digester::prepare {

inline constexpr std::string_view kFileName = "aggregated-resources.yaml";

class Preparation {
 public:
  // Without inputs it starts with a Deployment for each image.
  static Result<Preparation> make(std::span<const Input> inputs, Options options);

  // Containers (not init containers) of the images have them without tag and digest, for the eye alone;
  // app.kubernetes.io/name is set.
  Result<std::string> suggested() const;

  // Those containers have name@digest; the other labels and the namespace are set. `digests` are those of the
  // options' images, in their order.
  Result<std::string> expanded(std::span<const image::Digest> digests);

  // "FILE:LINE: cause"; more of them after expanded().
  const std::vector<std::string>& warnings() const { return warnings_; }
  // As they are in the latest text.
  const std::vector<Object>& objects() const { return objects_; }

 private:
  Preparation(std::vector<Object> objects, Options options)
      : objects_(std::move(objects)), options_(std::move(options)) {}
  Result<void> suggest();
  Result<void> label(Object& object, std::string_view key, std::string_view value, bool override_it);
  Result<void> label_at(Object& object, yaml::Tree& holder, std::string_view place, std::string_view key,
                        std::string_view value, bool override_it);
  void set_namespaces();

  std::vector<Object> objects_;
  Options options_;
  std::vector<std::string> warnings_;
};

}  // namespace digester::prepare
