// Where a Kubernetes object names images: pod specs at four known paths, of whatever kind the object is, so
// that custom resources with a pod template are found too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"

namespace digester::admission {

// The pod specs an object can hold.
enum class SpecPath : std::uint8_t {
  spec,               // /spec: Pod, and custom resources that embed containers
  template_spec,      // /spec/template/spec: Deployment, Job, StatefulSet…
  job_template_spec,  // /spec/jobTemplate/spec/template/spec: CronJob
  pod_template_spec,  // /template/spec: PodTemplate
};
inline constexpr std::size_t kSpecPaths = 4;

enum class List : std::uint8_t { containers, init_containers, ephemeral_containers, volumes };
std::string_view to_string(List list);  // the key in the pod spec: "initContainers"

// One string that names an image. Points into the json::Document.
struct ImageField {
  SpecPath spec = SpecPath::spec;
  List list = List::containers;
  std::uint32_t index = 0;  // in the list
  std::string_view name;    // of the container or volume; may be empty
  std::string_view image;   // as written
};

// RFC 6901: "/spec/template/spec/containers/0/image", "…/volumes/1/image/reference". Built from fixed keys
// without `~` and `/`, and from indexes: nothing in it needs an escape.
std::string pointer(const ImageField& field);
void append_pointer(std::string& out, const ImageField& field);

struct ImageFields {
  std::vector<ImageField> fields;  // in document order within a list
  // The first key on a path to an image that occurs twice. What the API server makes of such an object is
  // not ours to guess: it is never patched.
  std::string_view doubled_key;
  bool too_many = false;  // over kMaxImageFields: the rest was not looked at
};
inline constexpr std::size_t kMaxImageFields = 16'384;

// What is not as it should be (null, a number, an array where an object belongs) holds no image.
ImageFields find_images(json::Value object);

// The pod template around a spec path (metadata and spec), whose change is a rollout; absent for
// SpecPath::spec.
json::Value pod_template(json::Value object, SpecPath path);

}  // namespace digester::admission
