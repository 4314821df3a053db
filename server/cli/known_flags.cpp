#include "cli/known_flags.hpp"

#include <algorithm>

namespace digester::cli {

void add_known_flags(CLI::App& app, KnownOptions& o) {
  constexpr const char* kGroup = "What is known already";
  Flags flags(app, kGroup);
  flags.text("--build-artifacts", o.build_artifacts,
             "Images that Skaffold built: the file of skaffold build --file-output, - for standard input",
             "FILE");
  flags.text("--image-map", o.image_map,
             "What ko:// references stand for: \"importpath: reference\" in YAML or JSON, or a line "
             "\"importpath=reference\" each",
             "FILE");
  flags.toggle("--ko", o.ko,
               "Build ko:// references that no map has, with ko and its environment (KO_DOCKER_REPO, …)");
  app.add_option(
         "--lock", o.locks,
         "Digests from an ImagesLock of imgpkg or kbld; what it has is not looked up. May be given several "
         "times")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  flags.text("--image-refs", o.image_refs, "Write the references with their digests to a file, one a line",
             "FILE");
  flags.text("--imgpkg-lock-output", o.imgpkg_lock_output,
             "Write an ImagesLock of all images; entries of a file that is there are kept or replaced",
             "FILE");
}

std::size_t count_standard_inputs(const KnownOptions& o) {
  return static_cast<std::size_t>(std::count(o.locks.begin(), o.locks.end(), "-")) +
         (o.build_artifacts == "-" ? 1 : 0) + (o.image_map == "-" ? 1 : 0);
}

}  // namespace digester::cli
