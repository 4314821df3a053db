// What is to be set in all objects.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "image/reference.hpp"

namespace digester::prepare {

inline constexpr std::string_view kNameLabel = "app.kubernetes.io/name";
inline constexpr std::string_view kVersionLabel = "app.kubernetes.io/version";
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedBy = "gcp-cloud-build-deploy";

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Options {
  std::vector<image::Reference> images;  // of different repositories
  std::string app;                       // these three may be empty
  std::string version;
  std::string name_space;
  Labels labels;
};

// As written on a command line. Errors name the flag, cause and cure: labels and names that the API server
// would refuse, labels that have a flag of their own, two images of one repository.
struct Words {
  std::vector<std::string> images = {};  // -i
  std::string app = {};                  // -a
  std::string version = {};              // -v
  std::string name_space = {};           // -n
  std::vector<std::string> labels = {};  // -L: KEY=VALUE; of one key the last counts
};
Result<Options> read_options(const Words& words);

}  // namespace digester::prepare
